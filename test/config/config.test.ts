import { writeFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Config, readConfig, readUsersConfig } from '../../src/config/config.js'
import { ConfigError } from '../../src/config/config-error.js'
import type { Environment } from '../../src/config/environment.js'
import type { ServerOptions } from '../../src/http/server.js'
import { DEFAULT_LIMITS } from '../../src/limits/limits.js'
import { encryptKey, makeCertificate } from '../support/certificate.js'

const SECRET = 'bbqu4hhqqzqkk6ffbgeaeqsl4qeqwwxsqebfpdsy'
const HUB = { HUB_URL: 'https://hub.example.org', USER_API_KEY: 'bkey', USER_API_SECRET: SECRET }

const certificate = makeCertificate()
const other = makeCertificate()
const TLS = { TLS_CERT: certificate.file, TLS_KEY: certificate.keyFile }

/** A key that is too short for TLS: 512 bits. */
function makeWeakCertificate(): Environment {
  const { file, keyFile } = makeCertificate(['rsa:512'])
  return { TLS_CERT: file, TLS_KEY: keyFile }
}

/** A file beside the certificate's with the content given. */
function fileWith(content: string): string {
  const path = `${certificate.file}.${content.length}`
  writeFileSync(path, content)
  return path
}

/** What the configuration and the options of a server have in common. */
type SharedOption =
  | 'port'
  | 'host'
  | 'hubTimeout'
  | 'challengeTimeout'
  | 'userAuthTtl'
  | 'limits'
  | 'allowedOrigins'
  | 'trustedProxies'
  | 'tls'
  | 'simpleAuth'

function errorsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.errors
    throw error
  }
  return []
}

describe('a configuration', () => {
  it('needs nothing', () => {
    expect(readConfig({})).toEqual<Config>({
      port: 3001,
      host: '127.0.0.1',
      logLevel: 'info',
      hub: { kind: 'dev', port: 3007, grpcPort: 3006, dataDir: './data', seedFile: undefined },
      hubTimeout: 10,
      challengeTimeout: 30,
      userAuthTtl: 300,
      renewalTtl: 43_200,
      demo: { isServed: true, hubUrl: undefined },
      users: { kind: 'sqlite', folder: './data' },
      authorizeUrl: undefined,
      redisUrl: undefined,
      limits: DEFAULT_LIMITS,
      metrics: undefined,
      allowedOrigins: 'local',
      trustedProxies: [],
      tls: undefined,
      simpleAuth: false,
      warnings: [],
    })
  })

  it('can be spread into the options of a server', () => {
    const config = readConfig({})
    // Fails to compile where a field of the one has another name or type in the other.
    const options: Required<Pick<ServerOptions, SharedOption>> = config
    expect(options).toBe(config)
  })

  it('names a Hub elsewhere, and then listens on every interface', () => {
    const config = readConfig({ ...HUB, HUB_URL: 'https://hub.example.org/api/' })
    expect(config.host).toBeUndefined()
    expect(config.hub).toEqual({
      kind: 'remote',
      url: 'https://hub.example.org/api',
      apiKey: { key: 'bkey', secret: expect.any(Uint8Array) },
    })
  })

  it('serves the demo page with the built-in Hub, or where told to', () => {
    const demoOf = (environment: Environment) => readConfig(environment).demo
    expect(demoOf({})).toEqual({ isServed: true, hubUrl: undefined })
    expect(demoOf({ DEMO: 'false' })).toEqual({ isServed: false, hubUrl: undefined })
    expect(demoOf(HUB)).toEqual({ isServed: false, hubUrl: HUB.HUB_URL })
    expect(demoOf({ ...HUB, DEMO: 'true' })).toEqual({ isServed: true, hubUrl: HUB.HUB_URL })
    const HUB_PUBLIC_URL = 'https://public.example.org'
    const demo = demoOf({ ...HUB, DEMO: 'true', HUB_PUBLIC_URL })
    expect(demo).toEqual({ isServed: true, hubUrl: HUB_PUBLIC_URL })
  })

  it('takes a Hub by its native gRPC endpoint, which is none for browsers', () => {
    const native = { ...HUB, HUB_URL: 'grpc://127.0.0.1:3006/' }
    const HUB_PUBLIC_URL = 'https://public.example.org'
    expect(readConfig(native).hub).toMatchObject({ kind: 'remote', url: 'grpc://127.0.0.1:3006' })
    expect(readConfig(native).demo).toEqual({ isServed: false, hubUrl: undefined })
    const demo = readConfig({ ...native, DEMO: 'true', HUB_PUBLIC_URL }).demo
    expect(demo).toEqual({ isServed: true, hubUrl: HUB_PUBLIC_URL })
  })

  it('keeps users in PostgreSQL where it is named, in a folder otherwise', () => {
    const url = 'postgresql://me:pass@db.example.org/users'
    for (const read of [readUsersConfig, (given: Environment) => readConfig(given).users]) {
      expect(read({ DATABASE_URL: '' })).toEqual({ kind: 'sqlite', folder: './data' })
      expect(read({ DATABASE_URL: url, DATA_DIR: 'd' })).toEqual({ kind: 'postgres', url })
    }
  })

  it('takes a variable that is set to nothing as not set', () => {
    expect(readConfig({ PORT: '', USER_API_KEY: '', HUB_URL: '', NODE_ENV: '' }).port).toBe(3001)
  })

  it('reads every variable', () => {
    const config = readConfig({
      PORT: '0',
      HOST: '::1',
      LOG_LEVEL: 'warn',
      DEV_HUB_PORT: '0',
      DEV_HUB_GRPC_PORT: '0',
      HUB_TIMEOUT: '0.5',
      CHALLENGE_TIMEOUT: '55',
      USER_AUTH_TTL: '3600',
      DEMO: 'false',
      HUB_PUBLIC_URL: 'https://hub.example.net/',
      DATA_DIR: '/var/lib/logins',
      ALLOWED_ORIGINS: 'https://app.example.org, http://localhost:5173',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      IDLE_TIMEOUT: '1',
      MAX_MESSAGE_BYTES: '2048',
      MAX_SOCKETS: '0',
      MAX_SOCKETS_PER_IP: '3',
      LOGINS_PER_MINUTE_PER_IP: '4',
      LOGINS_PER_MINUTE_PER_KEY: '5',
      RENEWALS_PER_MINUTE_PER_IP: '9',
      RENEWALS_PER_MINUTE_PER_KEY: '0',
      RENEWAL_TTL: '0',
      MAX_HUB_CALLS: '6',
      MAX_WAITING_LOGINS: '7',
      SHUTDOWN_TIMEOUT: '8.5',
      METRICS_PORT: '0',
      METRICS_HOST: '::1',
      AUTHORIZE_URL: 'http://127.0.0.1:4000/authorize?by=me',
      REDIS_URL: 'rediss://:secret@redis.example.org/3',
      SIMPLE_AUTH: 'false',
      ...TLS,
    })
    expect(config).toEqual<Config>({
      port: 0,
      host: '::1',
      logLevel: 'warn',
      hub: { kind: 'dev', port: 0, grpcPort: 0, dataDir: '/var/lib/logins', seedFile: undefined },
      hubTimeout: 0.5,
      challengeTimeout: 55,
      userAuthTtl: 3600,
      renewalTtl: 0,
      demo: { isServed: false, hubUrl: 'https://hub.example.net' },
      users: { kind: 'sqlite', folder: '/var/lib/logins' },
      authorizeUrl: 'http://127.0.0.1:4000/authorize?by=me',
      redisUrl: 'rediss://:secret@redis.example.org/3',
      allowedOrigins: ['https://app.example.org', 'http://localhost:5173'],
      trustedProxies: ['10.0.0.0/8', '::1'],
      limits: {
        idleTimeout: 1,
        maxMessageBytes: 2048,
        maxSockets: Number.POSITIVE_INFINITY,
        maxSocketsPerIp: 3,
        loginsPerMinutePerIp: 4,
        loginsPerMinutePerKey: 5,
        renewalsPerMinutePerIp: 9,
        renewalsPerMinutePerKey: Number.POSITIVE_INFINITY,
        maxHubCalls: 6,
        maxWaitingLogins: 7,
        shutdownTimeout: 8.5,
      },
      metrics: { port: 0, host: '::1' },
      tls: { cert: certificate.cert, key: certificate.key },
      simpleAuth: false,
      warnings: [],
    })
  })
})

describe('warnings', () => {
  it.each([
    'http://hub.example.org',
    'http://10.0.0.8:3007',
    'http://127.0.0.1.example.org',
    'grpc://hub.example.org:3006',
  ])('are given for a plain connection to %s', (url) => {
    expect(readConfig({ ...HUB, HUB_URL: url }).warnings).toEqual([
      expect.stringMatching(/^HUB_URL: /),
    ])
  })

  it.each([
    'https://hub.example.org',
    'http://localhost:3007',
    'http://127.0.0.9',
    'http://[::1]',
    'grpcs://hub.example.org',
    'grpc://localhost:3006',
    'grpc://[::1]:3006',
  ])('are not given for %s', (url) =>
    expect(readConfig({ ...HUB, HUB_URL: url }).warnings).toEqual([]),
  )

  it('are given where production refuses every browser, or lets every page in', () => {
    const warningsOf = (environment: Environment) =>
      readConfig({ ...HUB, NODE_ENV: 'production', ...environment }).warnings
    expect(warningsOf({})).toEqual([expect.stringMatching(/^ALLOWED_ORIGINS: .*refused/)])
    expect(warningsOf({ ALLOWED_ORIGINS: '*' })).toEqual([
      expect.stringMatching(/^ALLOWED_ORIGINS: .*any web page/),
    ])
    expect(warningsOf({ ALLOWED_ORIGINS: 'https://app.example.org' })).toEqual([])
    expect(readConfig({ ...HUB, NODE_ENV: 'production' }).allowedOrigins).toEqual([])
  })
})

describe('a warning', () => {
  it('is given for a certificate that has expired, or is not valid yet', () => {
    const warningsIn = (days: number) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 })
      const { warnings } = readConfig(TLS)
      vi.useRealTimers()
      return warnings
    }
    onTestFinished(() => {
      vi.useRealTimers()
    })
    expect(warningsIn(0)).toEqual([])
    expect(warningsIn(2)).toEqual([expect.stringMatching(/^TLS_CERT: .* expired on /)])
    expect(warningsIn(-1)).toEqual([expect.stringMatching(/^TLS_CERT: .* is valid from /)])
  })

  it('says what the simple way is', () => {
    const { warnings, simpleAuth } = readConfig({ SIMPLE_AUTH: 'true' })
    expect(warnings).toEqual([expect.stringMatching(/^SIMPLE_AUTH: .*without proof/)])
    expect(simpleAuth).toBe(true)
  })
})

describe('an error', () => {
  const cases: [variable: string, environment: Environment][] = [
    ['PORT', { PORT: '65536' }],
    ['PORT', { PORT: '-1' }],
    ['PORT', { PORT: 'http' }],
    ['PORT', { PORT: '1e3' }],
    ['DEV_HUB_PORT', { DEV_HUB_PORT: '70000' }],
    ['DEV_HUB_GRPC_PORT', { DEV_HUB_GRPC_PORT: '70000' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
    ['HUB_TIMEOUT', { HUB_TIMEOUT: '0' }],
    ['HUB_TIMEOUT', { HUB_TIMEOUT: '-3' }],
    ['HUB_TIMEOUT', { HUB_TIMEOUT: 'ten' }],
    ['HUB_TIMEOUT', { HUB_TIMEOUT: '1e9' }],
    ['CHALLENGE_TIMEOUT', { CHALLENGE_TIMEOUT: '0' }],
    ['CHALLENGE_TIMEOUT', { CHALLENGE_TIMEOUT: '56' }],
    ['USER_AUTH_TTL', { USER_AUTH_TTL: '4' }],
    ['USER_AUTH_TTL', { USER_AUTH_TTL: '3601' }],
    ['RENEWAL_TTL', { RENEWAL_TTL: '-1' }],
    ['RENEWAL_TTL', { RENEWAL_TTL: '0.5' }],
    ['RENEWAL_TTL', { RENEWAL_TTL: '2592001' }],
    ['HUB_URL', { ...HUB, HUB_URL: '' }],
    ['HUB_URL', { ...HUB, HUB_URL: 'hub.example.org' }],
    ['HUB_URL', { ...HUB, HUB_URL: 'ftp://hub.example.org' }],
    ['HUB_URL', { ...HUB, HUB_URL: 'https://me:pass@hub.example.org' }],
    ['HUB_URL', { ...HUB, HUB_URL: 'https://hub.example.org?x=1' }],
    ['HUB_URL', { ...HUB, HUB_URL: 'grpc://hub.example.org' }],
    ['HUB_URL', { ...HUB, HUB_URL: 'grpc://hub.example.org:3006/api' }],
    ['HUB_URL', { ...HUB, HUB_URL: 'grpcs://hub.example.org/api' }],
    ['HUB_URL', { ...HUB, HUB_URL: 'grpcs://' }],
    ['HUB_URL', { ...HUB, HUB_URL: 'grpc:hub.example.org' }],
    ['HUB_PUBLIC_URL', { HUB_PUBLIC_URL: 'ws://hub.example.org' }],
    ['HUB_PUBLIC_URL', { HUB_PUBLIC_URL: 'grpcs://hub.example.org' }],
    ['HUB_PUBLIC_URL', { ...HUB, HUB_URL: 'grpcs://hub.example.org', DEMO: 'true' }],
    ['DEMO', { DEMO: 'yes' }],
    ['SIMPLE_AUTH', { SIMPLE_AUTH: '1' }],
    ['TLS_CERT', { TLS_KEY: certificate.keyFile }],
    ['TLS_CERT', { ...TLS, TLS_CERT: '/nowhere/cert.pem' }],
    ['TLS_CERT', { ...TLS, TLS_CERT: '/' }],
    ['TLS_CERT', { ...TLS, TLS_CERT: fileWith('') }],
    ['TLS_CERT', { ...TLS, TLS_CERT: certificate.keyFile }],
    ['TLS_CERT', makeWeakCertificate()],
    ['TLS_KEY', { TLS_CERT: certificate.file }],
    ['TLS_KEY', { ...TLS, TLS_KEY: '/nowhere/key.pem' }],
    ['TLS_KEY', { ...TLS, TLS_KEY: fileWith('no key') }],
    ['TLS_KEY', { ...TLS, TLS_KEY: certificate.file }],
    ['TLS_KEY', { ...TLS, TLS_KEY: other.keyFile }],
    ['TLS_KEY', { ...TLS, TLS_KEY: encryptKey(certificate) }],
    ['ALLOWED_ORIGINS', { ALLOWED_ORIGINS: 'app.example.org' }],
    ['ALLOWED_ORIGINS', { ALLOWED_ORIGINS: 'https://app.example.org/' }],
    ['ALLOWED_ORIGINS', { ALLOWED_ORIGINS: 'https://app.example.org,*' }],
    ['TRUSTED_PROXIES', { TRUSTED_PROXIES: 'proxy' }],
    ['TRUSTED_PROXIES', { TRUSTED_PROXIES: '10.0.0.0/33' }],
    ['IDLE_TIMEOUT', { IDLE_TIMEOUT: '0' }],
    ['MAX_MESSAGE_BYTES', { MAX_MESSAGE_BYTES: '0' }],
    ['MAX_SOCKETS', { MAX_SOCKETS: '-1' }],
    ['MAX_HUB_CALLS', { MAX_HUB_CALLS: '1.5' }],
    ['SHUTDOWN_TIMEOUT', { SHUTDOWN_TIMEOUT: 'x' }],
    ['METRICS_PORT', { METRICS_PORT: '65536' }],
    ['METRICS_PORT', { METRICS_PORT: '3001' }],
    ['METRICS_PORT', { METRICS_PORT: '4000', PORT: '04000' }],
    ['METRICS_PORT', { METRICS_HOST: '0.0.0.0' }],
    ['DATABASE_URL', { DATABASE_URL: 'db.example.org' }],
    ['REDIS_URL', { REDIS_URL: 'redis.example.org' }],
    ['REDIS_URL', { REDIS_URL: 'http://redis.example.org' }],
    ['AUTHORIZE_URL', { AUTHORIZE_URL: 'app.example.org/authorize' }],
    ['AUTHORIZE_URL', { AUTHORIZE_URL: 'ftp://app.example.org/authorize' }],
    ['AUTHORIZE_URL', { AUTHORIZE_URL: 'https://user:pass@app.example.org/' }],
    ['DATABASE_URL', { DATABASE_URL: 'http://db.example.org' }],
    ['USER_API_KEY', { ...HUB, USER_API_KEY: '' }],
    ['USER_API_KEY', { ...HUB, USER_API_KEY: 'bkéy' }],
    ['USER_API_SECRET', { ...HUB, USER_API_SECRET: '' }],
    ['USER_API_SECRET', { ...HUB, USER_API_SECRET: 'b!!!' }],
    ['USER_API_SECRET', { ...HUB, USER_API_SECRET: 'b' }],
    ['USER_API_SECRET', { ...HUB, USER_API_SECRET: 'ünïcode' }],
    ['USER_API_SECRET', { ...HUB, USER_API_SECRET: '%secret' }],
  ]

  it.each(cases)('names %s in %j, and nothing else', (variable, environment) => {
    expect(errorsOf(environment)).toEqual([expect.stringMatching(`^${variable}: \\S`)])
  })

  it('in where users are kept is also found by those who read nothing else', () => {
    expect(() => readUsersConfig({ PORT: 'x', DATABASE_URL: 'db' })).toThrow(/^DATABASE_URL: /)
  })

  it('in the database does not repeat its password', () => {
    const [error] = errorsOf({ DATABASE_URL: 'mysql://me:my-secret@db.example.org/users' })
    expect(error).toMatch(/^DATABASE_URL: /)
    expect(error).not.toContain('my-secret')
  })

  it('in the secret does not repeat the secret', () => {
    const [error] = errorsOf({ ...HUB, USER_API_SECRET: 'b-my-secret' })
    expect(error).not.toContain('my-secret')
  })

  it('in a key that is encrypted tells that, and not its path', () => {
    const TLS_KEY = encryptKey(certificate)
    const [error] = errorsOf({ ...TLS, TLS_KEY })
    expect(error).toMatch(/^TLS_KEY: the key is encrypted/)
    expect(error).not.toContain(TLS_KEY)
  })

  it('in a certificate does not hide one in its key', () => {
    const errors = errorsOf({ TLS_CERT: '/nowhere/cert.pem', TLS_KEY: fileWith('no key') })
    expect(errors).toEqual([
      expect.stringMatching(/^TLS_CERT: .*ENOENT/),
      expect.stringMatching(/^TLS_KEY: /),
    ])
  })

  it('in a private key that stands where its path belongs does not repeat the key', () => {
    const TLS_KEY = String(certificate.key)
    const [error] = errorsOf({ ...TLS, TLS_KEY })
    expect(error).toMatch(/^TLS_KEY: must be the path of a file/)
    expect(error).not.toContain(TLS_KEY.split('\n')[1])
  })

  it('does not hide another', () => {
    const environment = { PORT: 'x', HUB_TIMEOUT: '0', USER_API_KEY: 'bkéy', TLS_KEY: 'x' }
    expect(errorsOf(environment).map((error) => error.split(':')[0])).toEqual([
      'USER_API_KEY',
      'HUB_TIMEOUT',
      'PORT',
      'HUB_URL',
      'USER_API_SECRET',
      'TLS_CERT',
    ])
  })

  it('is to want production without a Hub', () => {
    const errors = errorsOf({ NODE_ENV: 'production' })
    expect(errors.map((error) => error.split(':')[0])).toEqual([
      'HUB_URL',
      'USER_API_KEY',
      'USER_API_SECRET',
    ])
  })
})
