import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { startDevHub } from '../../src/dev-hub/hub.js'
import { type LoginServer, type ServerOptions, startServer } from '../../src/http/server.js'
import { connectToHub } from '../../src/hub/connect.js'
import { SdkHub } from '../../src/hub/sdk-hub.js'
import { decodeMultibase } from '../../src/keys/multibase.js'
import type { FaultyHub, Script, StartFaultyHub } from './faulty-hub.js'
import { startFaultyWebHub } from './faulty-web-hub.js'

/** How a test wants its server. */
interface Settings extends Partial<ServerOptions> {
  /** Whether it serves the demo page, for the Hub that it uses. */
  readonly withDemo?: boolean
}

/** Starts a login server on a free port, which the test's end stops. */
export async function startLoginServer(
  hubUrl: string,
  apiKey: { key: string; secret: Uint8Array },
  { withDemo, ...settings }: Settings = {},
): Promise<LoginServer> {
  const connection = connectToHub(hubUrl)
  onTestFinished(() => connection.close())
  const server = await startServer({
    port: 0,
    host: '127.0.0.1',
    log: pino({ level: 'silent' }),
    hub: new SdkHub(connection),
    apiKey,
    hubTimeout: 5,
    challengeTimeout: 5,
    userAuthTtl: 300,
    renewalTtl: 3_600,
    demo: withDemo ? { hubUrl } : undefined,
    ...settings,
  })
  onTestFinished(() => server.close())
  return server
}

/** Starts a login server with a dev Hub behind it. */
export async function startWithDevHub(settings: Settings = {}) {
  const hub = await startDevHub({ port: 0 })
  onTestFinished(() => hub.close())
  const [apiKey] = hub.apiKeys
  const secret = decodeMultibase(apiKey?.secret ?? '')
  if (!apiKey || !secret) throw new Error('the dev Hub made no key')
  const server = await startLoginServer(hub.url, { key: apiKey.key, secret }, settings)
  return { hub, server, apiKey }
}

/** Starts a login server with a Hub behind it that does what a script says. */
export async function startWithFaultyHub(
  script: Script,
  settings: Settings = {},
  startHub: StartFaultyHub = startFaultyWebHub,
): Promise<{ hub: FaultyHub; server: LoginServer }> {
  const hub = await startHub(script)
  const apiKey = { key: 'bkey', secret: randomBytes(24) }
  return { hub, server: await startLoginServer(hub.url, apiKey, settings) }
}
