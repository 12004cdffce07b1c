import { z } from 'zod'
import { DEFAULT_LIMITS } from '../limits/limits.js'
import { LOG_LEVELS } from '../log.js'
import {
  addressRanges,
  apiSecret,
  databaseUrl,
  docs,
  GRPC_SCHEMES,
  headerText,
  hubUrl,
  limit,
  messageBytes,
  oneOf,
  origins,
  port,
  redisUrl,
  seconds,
  secondsOrNever,
  text,
  trueOrFalse,
  WEB_SCHEMES,
  webhookUrl,
} from './values.js'

const hub = {
  HUB_URL: hubUrl([...WEB_SCHEMES, ...GRPC_SCHEMES])
    .optional()
    .register(docs, {
      description:
        "Address of your Hub. With grpc or grpcs the server uses the Hub's native gRPC endpoint (port 3006 of hubd), which is faster. With http or https it uses the gRPC-web endpoint (port 3007). Set `HUB_URL`, `USER_API_KEY` and `USER_API_SECRET` together, or none of them.",
      unset: 'none; the built-in development Hub runs',
      example: 'grpcs://hub.example.org',
    }),
  USER_API_KEY: headerText.optional().register(docs, {
    description:
      'A secured user group key of your Hub. Make one with `hub keys create`. Apps get to see this key. SIGHUP makes the server read it again.',
  }),
  USER_API_SECRET: apiSecret.optional().register(docs, {
    description:
      'The secret of `USER_API_KEY`. It never leaves the server. SIGHUP makes the server read it again.',
  }),
  HUB_PUBLIC_URL: hubUrl(WEB_SCHEMES).optional().register(docs, {
    description:
      "Address of your Hub's gRPC-web endpoint, as browsers reach it. The demo page uses it.",
    unset: '`HUB_URL`, if that is http or https',
    example: 'https://hub.example.org',
  }),
  HUB_TIMEOUT: seconds({ max: 3_600 }).default(10).register(docs, {
    description: "How long the Hub may take for each of a login's two steps.",
  }),
}

const listening = {
  PORT: port.default(3001).register(docs, {
    description: 'TCP port of the login server. 0 takes a free port, which the log shows.',
  }),
  HOST: text('a host name or IP address').optional().register(docs, {
    description: 'Address to listen on.',
    unset: '`127.0.0.1` with the built-in Hub, every interface with another',
    example: '127.0.0.1',
  }),
  TLS_CERT: text('the path of a file').optional().register(docs, {
    description:
      "Path of a PEM file with the server's certificate, followed by the intermediate certificates. With `TLS_CERT` and `TLS_KEY` the server speaks https and wss. Set both, or none of them. SIGHUP makes the server read the files again.",
    unset: 'none; the server speaks http and ws',
    example: '/etc/letsencrypt/live/login.example.org/fullchain.pem',
  }),
  TLS_KEY: text('the path of a file').optional().register(docs, {
    description: 'Path of a PEM file with the private key of `TLS_CERT`. It must not be encrypted.',
    example: '/etc/letsencrypt/live/login.example.org/privkey.pem',
  }),
  TRUSTED_PROXIES: addressRanges.default([]).register(docs, {
    description:
      'Proxies in front of the server. Their `X-Forwarded-For` header tells the address of the client. The header of anybody else is ignored.',
    unset: 'none',
    example: '10.0.0.0/8',
  }),
}

const admission = {
  ALLOWED_ORIGINS: origins.optional().register(docs, {
    description:
      'Origins of the web apps whose users may log in. `*` allows every page. Clients that are not browsers send no origin and are not checked.',
    unset: 'pages of this machine; none with `NODE_ENV=production`',
    example: 'https://app.example.org',
  }),
  AUTHORIZE_URL: webhookUrl.optional().register(docs, {
    description:
      'A webhook of yours. The server asks it about each user who has proven to hold their key, and it decides whether they may log in.',
    unset: 'none; every user who is not blocked may log in',
    example: 'https://app.example.org/authorize',
  }),
  CHALLENGE_TIMEOUT: seconds({ max: 55 }).default(30).register(docs, {
    // The Hub waits 60 s: with less the server is the first to give up, and tells the app why.
    description: 'How long an app may take to sign the challenge. The Hub itself waits 60 seconds.',
  }),
  USER_AUTH_TTL: seconds({ min: 5, max: 3_600 }).default(300).register(docs, {
    description:
      'How long the API signature in a `UserAuth` is valid. After this time an app renews it, or logs in again.',
  }),
  RENEWAL_TTL: secondsOrNever(2_592_000).default(43_200).register(docs, {
    description:
      'How long after a login an app may renew the API signature without another login. 0 switches renewals off.',
  }),
  SIMPLE_AUTH: trueOrFalse.default(false).register(docs, {
    description:
      "Whether `GET /api/userauth` gives credentials of the server's key to everybody, without proof of an identity, as in Textile's tutorial. It is for apps that migrate.",
    example: 'true',
  }),
}

const users = {
  DATA_DIR: text('the path of a folder').default('./data').register(docs, {
    description:
      'Folder of the SQLite file with the users. Several processes of one machine can share it.',
  }),
  DATABASE_URL: databaseUrl.optional().register(docs, {
    description:
      'A PostgreSQL database for the users, in place of the SQLite file. Servers on several machines need it. The server makes its tables when it starts.',
    unset: 'none; the SQLite file in `DATA_DIR` is used',
    example: 'postgres://user:password@db.example.org/users',
  }),
}

const limits = {
  LOGINS_PER_MINUTE_PER_IP: limit.default(DEFAULT_LIMITS.loginsPerMinutePerIp).register(docs, {
    description:
      'How many logins an IP address may start in a minute. Invalid messages count too. IPv6 addresses count by their first 64 bits, here and below.',
  }),
  LOGINS_PER_MINUTE_PER_KEY: limit.default(DEFAULT_LIMITS.loginsPerMinutePerKey).register(docs, {
    description: 'How many logins of a public key may succeed in a minute.',
  }),
  RENEWALS_PER_MINUTE_PER_IP: limit.default(DEFAULT_LIMITS.renewalsPerMinutePerIp).register(docs, {
    description:
      'How many renewals an IP address may ask for in a minute. Invalid ones count too. Renewals do not count as logins.',
  }),
  RENEWALS_PER_MINUTE_PER_KEY: limit
    .default(DEFAULT_LIMITS.renewalsPerMinutePerKey)
    .register(docs, {
      description:
        'How many renewals of a public key there may be in a minute. Only genuine ones count.',
    }),
  MAX_SOCKETS: limit.default(DEFAULT_LIMITS.maxSockets).register(docs, {
    description: 'How many WebSockets may be open at once.',
  }),
  MAX_SOCKETS_PER_IP: limit.default(DEFAULT_LIMITS.maxSocketsPerIp).register(docs, {
    description: 'How many WebSockets of one IP address may be open at once.',
  }),
  MAX_HUB_CALLS: limit.default(DEFAULT_LIMITS.maxHubCalls).register(docs, {
    description: 'How many login steps the Hub is asked for at once. As many more may queue.',
  }),
  MAX_WAITING_LOGINS: limit.default(DEFAULT_LIMITS.maxWaitingLogins).register(docs, {
    description: "How many logins may wait at once for their apps' signatures.",
  }),
  MAX_MESSAGE_BYTES: messageBytes.default(DEFAULT_LIMITS.maxMessageBytes).register(docs, {
    description: 'The size of the largest message that an app may send.',
  }),
  IDLE_TIMEOUT: seconds({ max: 3_600 }).default(DEFAULT_LIMITS.idleTimeout).register(docs, {
    description: 'How long a WebSocket may stay open while no login runs on it.',
  }),
  SHUTDOWN_TIMEOUT: seconds({ max: 3_600 }).default(DEFAULT_LIMITS.shutdownTimeout).register(docs, {
    description: 'How long running logins may go on after the server is told to stop.',
  }),
  REDIS_URL: redisUrl.optional().register(docs, {
    description:
      'A Redis in which several servers count logins together. While it is away, each server counts for itself.',
    unset: 'none; each server counts for itself',
    example: 'redis://:password@redis.example.org',
  }),
}

const observability = {
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info').register(docs, {
    description: 'The log has lines of this level and of more severe ones.',
  }),
  METRICS_PORT: port.optional().register(docs, {
    description:
      'TCP port of `/metrics`, for Prometheus. It must differ from `PORT`. 0 takes a free port, which the log shows.',
    unset: 'none; there are no metrics',
    example: '9464',
  }),
  METRICS_HOST: text('a host name or IP address').default('127.0.0.1').register(docs, {
    description: 'Address that `/metrics` listens on. Keep it out of reach of the public.',
  }),
}

const development = {
  NODE_ENV: text('production, or anything else').optional().register(docs, {
    description:
      'With `production` the server does not start without `HUB_URL`, and web apps may log in only if `ALLOWED_ORIGINS` lists their origins.',
    example: 'production',
  }),
  DEMO: trueOrFalse.optional().register(docs, {
    description: 'Whether the demo page is served at `/`.',
    unset: '`true` with the built-in Hub, `false` with another',
    example: 'true',
  }),
  DEV_HUB_PORT: port.default(3007).register(docs, {
    description:
      "TCP port of the built-in Hub's gRPC-web endpoint, which browsers use. 0 takes a free port, which the log shows.",
  }),
  DEV_HUB_GRPC_PORT: port.default(3006).register(docs, {
    description:
      "TCP port of the built-in Hub's native gRPC endpoint, which the server uses. 0 takes a free port, which the log shows.",
  }),
  DEV_HUB_SEED: text('the path of a file').optional().register(docs, {
    description:
      'A JSON file with users, databases and buckets. The built-in Hub adds what it does not have yet. See [the built-in Hub](dev-hub.md).',
    unset: 'none; it starts empty',
    example: './seed.json',
  }),
}

/** All variables in groups, in the order of the documents. */
export const VARIABLE_GROUPS = {
  'The Hub': hub,
  'Listening and TLS': listening,
  'Who may log in': admission,
  Users: users,
  Limits: limits,
  'Logs and metrics': observability,
  Development: development,
}

/** Reads all variables, each for itself. */
export const variables = z.object({
  ...hub,
  ...listening,
  ...admission,
  ...users,
  ...limits,
  ...observability,
  ...development,
})

/** The variables as they are read. */
export type Variables = z.output<typeof variables>

/** The name of a variable. */
export type VariableName = keyof Variables

/** The names of all variables. */
export const VARIABLE_NAMES = variables.keyof().options
