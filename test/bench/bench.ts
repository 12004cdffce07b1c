/**
 * Measures what a login costs, side by side in one run: the tutorial's handler, this server by
 * both of a Hub's doors, and the floor below which no server gets. Prints medians of rounds that
 * take turns, for times alone mean little on a machine that others use too.
 */
import { parseArgs } from 'node:util'
import { startHub } from '../soak/processes.js'
import { Contender } from './contender.js'
import { moveAway } from './far-hub.js'
import { load } from './load.js'
import { median } from './median.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    logins: { type: 'string', default: '2000' },
    'at-once': { type: 'string', default: '16' },
    storm: { type: 'string' },
    rtt: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
})

/** The most logins that warm a server up: unwarmed ones cost up to twice as much. */
const WARM_UP = 1_500

/** What one contender took in one round. */
interface Round {
  /** Server CPU time for each login, in ms. */
  readonly cpu: number
  readonly perSecond: number
  /** Times of logins, in ms. */
  readonly p50: number
  readonly p99: number
  /** Resident memory, in bytes. */
  readonly memory: number
  readonly failures: number
}

const storm = values.storm === undefined ? undefined : Number(values.storm)
const logins = storm ?? Number(values.logins)
const atOnce = storm ?? Number(values['at-once'])

const hub = await startHub()
const far = Number(values.rtt) > 0 ? [await moveHub(hub.webUrl), await moveHub(hub.grpcUrl)] : []
const [web, grpc] = far.length > 0 ? far.map(({ url }) => url) : [hub.webUrl, hub.grpcUrl]

const lifted = {
  LOGINS_PER_MINUTE_PER_IP: '0',
  LOGINS_PER_MINUTE_PER_KEY: '0',
  MAX_SOCKETS_PER_IP: '0',
  MAX_HUB_CALLS: '2000',
}
const keys = { ...hub.environment, ...lifted }
const contenders = [
  await Contender.start('tutorial', ['--import', 'tsx', 'test/bench/tutorial.ts'], {
    ...keys,
    HUB_URL: web,
  }),
  await Contender.start('ours, gRPC-web', ['dist/index.js'], { ...keys, HUB_URL: web }),
  await Contender.start('ours, gRPC', ['dist/index.js'], { ...keys, HUB_URL: grpc }),
  await Contender.start('floor', ['--import', 'tsx', 'test/bench/floor.ts'], {}),
]

const rounds = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]))
for (const { url } of contenders) await load(url, Math.min(WARM_UP, logins), Math.min(atOnce, 100))
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const contender of contenders) rounds.get(contender.name)?.push(await measure(contender))
}
for (const contender of contenders) contender.stop()
for (const { close } of far) close()
hub.stop()

const results = [...rounds].map(([name, taken]) => ({
  name,
  cpu: median(taken.map(({ cpu }) => cpu)),
  perSecond: median(taken.map(({ perSecond }) => perSecond)),
  p50: median(taken.map(({ p50 }) => p50)),
  p99: median(taken.map(({ p99 }) => p99)),
  memory: median(taken.map(({ memory }) => memory)),
  failures: taken.reduce((sum, { failures }) => sum + failures, 0),
}))
if (values.json) process.stdout.write(`${JSON.stringify({ options: values, results })}\n`)
else printTable()

async function moveHub(url: string) {
  const { port, close } = await moveAway(Number(new URL(url).port), Number(values.rtt))
  return { url: url.replace(/\d+$/, String(port)), close }
}

async function measure(contender: Contender): Promise<Round> {
  const before = await contender.cpu()
  const { times, wall, failures } = await load(contender.url, logins, atOnce)
  const spent = (await contender.cpu()) - before
  const sorted = times.toSorted((a, b) => a - b)
  return {
    cpu: spent / logins,
    perSecond: (logins / wall) * 1000,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    memory: await contender.memory(),
    failures,
  }
}

function printTable(): void {
  const how = `${values.rounds} rounds of ${logins} logins, ${atOnce} at once`
  const where = far.length > 0 ? `, the Hub ${values.rtt} ms away` : ''
  process.stdout.write(`${how}${where}; medians\n\n`)
  process.stdout.write(
    '| server | CPU ms per login | ÷ tutorial | ÷ floor | logins/s | p50 ms | p99 ms | memory MB | failed |\n',
  )
  process.stdout.write('|---|---|---|---|---|---|---|---|---|\n')
  const [tutorial] = results
  const floor = results.at(-1)
  for (const { name, cpu, perSecond, p50, p99, memory, failures } of results) {
    const cells = [
      name,
      cpu.toFixed(2),
      (cpu / (tutorial?.cpu ?? Number.NaN)).toFixed(2),
      (cpu / (floor?.cpu ?? Number.NaN)).toFixed(2),
      perSecond.toFixed(0),
      p50.toFixed(0),
      p99.toFixed(0),
      (memory / 1e6).toFixed(0),
      failures,
    ]
    process.stdout.write(`| ${cells.join(' | ')} |\n`)
  }
}
