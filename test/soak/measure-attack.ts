import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { logIn } from './clients.js'
import { startSetup } from './processes.js'

/** How many honest logins are measured in each phase, and how many of them run at once. */
const LOGINS = 1_000
const AT_ONCE = 4

/** What attacks, each in a round of its own: a crowd from a hundred addresses, others from one. */
const ATTACKERS = [
  ['silent-crowd.ts'],
  ['../attack/attacker.ts', 'useless messages'],
  ['../attack/attacker.ts', 'silent connections'],
  ['../attack/attacker.ts', 'requests one by one'],
] as const

/** Prints how long honest logins take while a server is attacked, and while it isn't. */
export async function measureAttack(): Promise<void> {
  // A hundred addresses may hold a hundred sockets each: as many as the server takes in all. The
  // honest ones need room beside them.
  const setup = await startSetup({
    maxSockets: 20_000,
    loginsPerMinutePerKey: Number.POSITIVE_INFINITY,
  })
  await measure(setup.url)
  const quiet: number[] = []
  const attacked: number[] = []
  for (const [index, [program, ...names]] of ATTACKERS.entries()) {
    quiet.push(...(await measure(setup.url)))
    const attacker = start(program, [...names, setup.url, `127.0.3.${index + 10}`])
    attacked.push(...(await measure(setup.url)))
    const { counts } = await setup.report()
    const { sockets, connections } = counts
    const name = names[0] ?? 'silent sockets'
    process.stdout.write(`${name}: ${sockets} sockets, ${connections} connections meanwhile\n`)
    attacker.kill('SIGKILL')
  }
  setup.stop()
  process.stdout.write(`quiet         p50 ${at(quiet, 0.5)} ms, p99 ${at(quiet, 0.99)} ms
under attack  p50 ${at(attacked, 0.5)} ms, p99 ${at(attacked, 0.99)} ms
p99 ratio     ${(Number(at(attacked, 0.99)) / Number(at(quiet, 0.99))).toFixed(2)} x
`)
}

function start(program: string, args: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, program), args, { execArgv: ['--import', 'tsx'] })
}

async function measure(url: string): Promise<number[]> {
  const times: number[] = []
  const worker = async (): Promise<void> => {
    while (times.length < LOGINS) times.push(await logIn(url, '127.0.2'))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return times
}

function at(times: readonly number[], share: number): string {
  const sorted = times.toSorted((a, b) => a - b)
  return (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(1)
}
