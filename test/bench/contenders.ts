import { Contender } from './contender.js'
import type { HubPlace } from './hub-place.js'

/** What limits a stranger would limit the benchmark. */
const LIFTED = {
  LOGINS_PER_MINUTE_PER_IP: '0',
  LOGINS_PER_MINUTE_PER_KEY: '0',
  RENEWALS_PER_MINUTE_PER_IP: '0',
  RENEWALS_PER_MINUTE_PER_KEY: '0',
  MAX_SOCKETS: '0',
  MAX_SOCKETS_PER_IP: '0',
  MAX_WAITING_LOGINS: '0',
  MAX_HUB_CALLS: '0',
  IDLE_TIMEOUT: '300',
}

const OURS = ['dist/index.js']

/** Runs a file of the benchmark, in TypeScript. */
function file(name: string): string[] {
  return ['--import', 'tsx', `test/bench/${name}`]
}

/** Starts the tutorial's handler, this server by both doors, and the floor. */
export async function startServers(hub: HubPlace): Promise<Contender[]> {
  return [
    await Contender.start('tutorial', file('tutorial.ts'), hub.web),
    await Contender.start('ours, gRPC-web', OURS, { ...hub.web, ...LIFTED }),
    await startOurs(hub),
    await Contender.start('floor', file('floor.ts'), {}),
  ]
}

/** Starts this server, by gRPC, alone. */
export function startOurs(hub: HubPlace): Promise<Contender> {
  return Contender.start('ours, gRPC', OURS, { ...hub.grpc, ...LIFTED })
}

/**
 * Starts this server, by gRPC, without users and with them: in SQLite, with an app's decision on
 * top, and, where `DATABASE_URL` and `REDIS_URL` say where those are, in PostgreSQL with limits in
 * Redis.
 */
export async function startWithUsers(hub: HubPlace): Promise<Contender[]> {
  const { DATABASE_URL, REDIS_URL } = process.env
  const local = { ...hub.grpc, ...LIFTED, DATABASE_URL: '', REDIS_URL: '' }
  const embedded = file('embedded.ts')
  const contenders = [
    await Contender.start('no users', embedded, local),
    await Contender.start('SQLite', embedded, { ...local, USERS: 'sqlite' }),
    await Contender.start('SQLite, authorize', embedded, { ...local, USERS: 'authorize' }),
  ]
  if (DATABASE_URL && REDIS_URL) {
    // Limits that are lifted are not counted: so high, they are counted and never hit.
    const counted = { LOGINS_PER_MINUTE_PER_IP: '9999999', LOGINS_PER_MINUTE_PER_KEY: '9999999' }
    const environment = { ...hub.grpc, ...LIFTED, ...counted, DATABASE_URL, REDIS_URL }
    contenders.push(await Contender.start('PostgreSQL, Redis', OURS, environment))
  }
  return contenders
}
