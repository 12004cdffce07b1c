/**
 * Measures what a login costs, side by side in one run: the tutorial's handler, this server by
 * both of a Hub's doors, and the floor below which no server gets. Prints medians of rounds that
 * take turns, for times alone mean little on a machine that others use too.
 */
import { parseArgs } from 'node:util'
import type { Contender } from './contender.js'
import { startOurs, startServers, startWithUsers } from './contenders.js'
import { benchDevHub } from './dev-hub/dev-hub.js'
import { placeHub } from './hub-place.js'
import { load } from './load.js'
import { measureRenewals } from './renewals.js'
import { measureRound, type Round, sumUp } from './round.js'
import { printTable } from './table.js'
import { measureIdle, measureInFlight } from './waiting.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    logins: { type: 'string', default: '2000' },
    'at-once': { type: 'string', default: '16' },
    storm: { type: 'string' },
    idle: { type: 'string' },
    rtt: { type: 'string', default: '0' },
    tls: { type: 'boolean', default: false },
    users: { type: 'boolean', default: false },
    renewals: { type: 'boolean', default: false },
    'dev-hub': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

/** The most logins that warm a server up: unwarmed ones cost up to twice as much. */
const WARM_UP = 1_500

/** The most logins at once while a server warms up. */
const WARM_UP_AT_ONCE = 100

/** How many logins are in flight when their memory is measured. */
const IN_FLIGHT = 1_000

if (values['dev-hub']) {
  await benchDevHub()
  process.exit()
}

const storm = values.storm === undefined ? undefined : Number(values.storm)
const logins = storm ?? Number(values.logins)
const atOnce = storm ?? Number(values['at-once'])
const idle = values.idle === undefined ? undefined : Number(values.idle)

const hub = await placeHub({ hasTls: values.tls, rtt: Number(values.rtt) })
const contenders = await startContenders()
for (const { url } of contenders) {
  await load(url, Math.min(WARM_UP, logins), Math.min(atOnce, WARM_UP_AT_ONCE))
}
const results = await measure()
for (const contender of contenders) await contender.stop()
hub.close()

if (values.json) process.stdout.write(`${JSON.stringify({ options: values, results })}\n`)
else printTable(describe(), results)
process.exit()

async function startContenders(): Promise<Contender[]> {
  if (values.renewals) return [await startOurs(hub)]
  return values.users ? startWithUsers(hub) : startServers(hub)
}

async function measure() {
  const [ours] = contenders
  if (values.renewals && ours) {
    return measureRenewals(ours, { rounds: Number(values.rounds), logins, atOnce })
  }
  return idle === undefined ? measureLogins() : measureWaiting(idle)
}

async function measureLogins() {
  const rounds = new Map<Contender, Round[]>(contenders.map((each) => [each, []]))
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [contender, taken] of rounds) {
      taken.push(await measureRound(contender, logins, atOnce))
    }
  }
  const results = []
  for (const [contender, taken] of rounds) {
    const bytesInFlight = await measureInFlight(contender, IN_FLIGHT)
    results.push({ name: contender.name, ...sumUp(taken), bytesInFlight })
  }
  return results
}

async function measureWaiting(sockets: number) {
  const results = []
  for (const contender of contenders) {
    results.push({ name: contender.name, ...(await measureIdle(contender, sockets)) })
  }
  return results
}

/** What the figures are of. */
function describe(): string {
  const load =
    idle === undefined
      ? `${values.rounds} rounds of ${logins} logins, ${atOnce} at once; medians`
      : `${idle} waiting sockets`
  const renewals = values.renewals ? ', five times as many renewals' : ''
  const tls = values.tls ? ', the Hub with TLS' : ''
  const away = Number(values.rtt) > 0 ? `, the Hub ${values.rtt} ms away` : ''
  return load + renewals + tls + away
}
