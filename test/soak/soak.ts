/**
 * Loads a server for long, honestly and not, and prints what it holds meanwhile and in the end.
 * Exits with 1 where anything crashed, failed, was left over, or where memory grew.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MAX_IDLE_SOCKETS } from '../../src/hub/grpc-web/socket-pool.js'
import { attack, logIn } from './clients.js'
import { compare } from './compare.js'
import { measureAttack } from './measure-attack.js'
import { measureSockets } from './measure-sockets.js'
import { type Setup, startSetup } from './processes.js'
import type { Report } from './server.js'

/** How many clients are at work at once. */
const AT_ONCE = 32

/** One client in so many is hostile. */
const HOSTILE_ONE_IN = 5

/** How often memory is looked at in a run. */
const SAMPLES = 40

/** How much more memory the last quarter of a run may take than the second. */
const MAX_GROWTH = 1.05

const { values } = parseArgs({
  options: {
    logins: { type: 'string', default: '10000' },
    attack: { type: 'boolean', default: false },
    sockets: { type: 'string' },
    against: { type: 'string' },
  },
})

if (values.attack) await measureAttack()
else if (values.against !== undefined) await compare(values.against)
else if (values.sockets !== undefined) await measureSockets(Number(values.sockets))
else await soak(Number(values.logins))

async function soak(clients: number): Promise<void> {
  const unlimited = {
    loginsPerMinutePerIp: Number.POSITIVE_INFINITY,
    loginsPerMinutePerKey: Number.POSITIVE_INFINITY,
  }
  const setup = await startSetup({
    ...unlimited,
    maxSocketsPerIp: Number.POSITIVE_INFINITY,
    maxWaitingLogins: Number.POSITIVE_INFINITY,
  })
  // What is loaded on first use, and the pools that fill up, count as the start.
  await run(setup, Math.min(2_000, clients), () => {})
  const before = await setup.report()
  const heaps: number[] = []
  const start = performance.now()
  const { honest, hostile, failures } = await run(setup, clients, async (done) => {
    const { memory, counts } = await setup.report()
    heaps.push(memory.heapUsed + memory.external)
    const seconds = (performance.now() - start) / 1000
    print(
      `${String(done).padStart(7)} clients  ${(done / seconds).toFixed(0).padStart(5)}/s  ` +
        `heap ${mega(memory.heapUsed)}  external ${mega(memory.external)}  rss ${mega(memory.rss)}  ` +
        `${counts.logins} logins, ${counts.sockets} sockets`,
    )
  })
  const seconds = (performance.now() - start) / 1000
  const after = await settle(setup)
  setup.stop()

  const quarter = Math.floor(heaps.length / 4)
  const second = mean(heaps.slice(quarter, 2 * quarter))
  const last = mean(heaps.slice(-quarter))
  const { logins, waiting, sockets } = after.counts
  const tcp = strayConnections(after)
  const leftovers = logins + waiting + sockets + tcp
  const cpu = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1000
  print(`
honest logins      ${honest}, ${failures.length} failed
hostile clients    ${hostile}
throughput         ${((honest + hostile) / seconds).toFixed(0)} clients per second
server CPU         ${(cpu / (honest + hostile)).toFixed(2)} ms per client
memory             ${mega(second)} in the second quarter, ${mega(last)} in the last: ${(last / second).toFixed(3)} x
leftovers          ${logins} logins, ${waiting} waiting, ${sockets} sockets, ${tcp} connections`)
  for (const failure of new Set(failures)) print(`failed: ${failure}`)
  if (failures.length > 0 || leftovers > 0 || last / second > MAX_GROWTH) process.exitCode = 1
}

/** Has clients come, so many at once, and calls `sample` now and then. */
async function run(setup: Setup, clients: number, sample: (done: number) => Promise<void> | void) {
  const failures: string[] = []
  let started = 0
  let honest = 0
  let hostile = 0
  const every = Math.ceil(clients / SAMPLES)
  const worker = async (): Promise<void> => {
    while (started < clients) {
      const client = started
      started += 1
      if (client % HOSTILE_ONE_IN === 0) {
        hostile += 1
        await attack(setup.url, client / HOSTILE_ONE_IN).catch(() => {})
      } else {
        honest += 1
        await logIn(setup.url).catch((error: Error) => failures.push(error.message))
      }
      if ((client + 1) % every === 0) await sample(client + 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return { honest, hostile, failures }
}

/** Waits until the server holds nothing any more, or has had the time to let go of it. */
async function settle(setup: Setup) {
  for (let round = 0; round < 50; round += 1) {
    const report = await setup.report()
    const { logins, sockets } = report.counts
    if (logins + sockets + strayConnections(report) === 0) break
    await wait(300)
  }
  return setup.report()
}

/** How many connections there are that nothing needs: to the Hub, some wait for calls. */
function strayConnections({ resources }: Report): number {
  return Math.max(0, (resources.TCPSocketWrap ?? 0) - MAX_IDLE_SOCKETS)
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(numbers.length, 1)
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
