import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { median } from '../bench/median.js'
import { logIn } from '../soak/clients.js'
import type { Setup } from '../soak/processes.js'
import type { Report } from '../soak/server.js'

/** How many honest logins run at once. */
const AT_ONCE = 2

/** How many looks at what is left there are before it counts as left, and how far apart, in ms. */
const LOOKS = 100
const LOOK_MS = 300

/** How honest logins fared. */
export interface Honest {
  readonly asked: number
  /** How long those took that got a token, in ms. */
  readonly times: readonly number[]
  readonly failures: ReadonlySet<string>
}

/** What an attack brought. */
export interface Outcome {
  readonly name: string
  readonly quiet: Honest
  readonly attacked: Honest
  /** While it ran. */
  readonly during: Report
  /** Before it, and once it was over and nothing honest was left. */
  readonly before: Report
  readonly after: Report
}

/** How much honest logins do: at least so many, for at least so long. */
export interface Effort {
  readonly logins: number
  readonly seconds: number
}

/** Measures honest logins while nothing else happens, and while an attack runs from one address. */
export async function measure(
  name: string,
  setup: Setup,
  localAddress: string,
  effort: Effort,
): Promise<Outcome> {
  const quiet = await logInOften(setup.url, { ...effort, seconds: 0 })
  const before = await settle(setup)
  const program = join(import.meta.dirname, 'attacker.ts')
  const attacker = fork(program, [name, setup.url, localAddress], { execArgv: ['--import', 'tsx'] })
  try {
    const attacked = await logInOften(setup.url, effort)
    const during = await setup.report()
    return { name, quiet, attacked, during, before, after: await stopAndSettle() }
  } finally {
    attacker.kill('SIGKILL')
  }

  async function stopAndSettle(): Promise<Report> {
    const exited = once(attacker, 'exit')
    attacker.kill('SIGKILL')
    await exited
    return settle(setup)
  }
}

/** The middle time that a login took, in ms. */
export function p50({ times }: Honest): number {
  return median(times)
}

async function logInOften(url: string, { logins, seconds }: Effort): Promise<Honest> {
  const times: number[] = []
  const failures = new Set<string>()
  const end = performance.now() + seconds * 1000
  let asked = 0
  const worker = async (): Promise<void> => {
    while (asked < logins || performance.now() < end) {
      asked += 1
      await logIn(url, '127.0.2').then(
        (ms) => times.push(ms),
        (error: Error) => failures.add(error.message),
      )
      // Honest users come now and then: they are no load themselves.
      await wait(10)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return { asked, times, failures }
}

/** Waits until the server has let go of everything, or has had the time to. */
async function settle(setup: Setup): Promise<Report> {
  let report = await setup.report()
  for (let look = 0; look < LOOKS && countLeft(report) > 0; look += 1) {
    await wait(LOOK_MS)
    report = await setup.report()
  }
  return report
}

/** How many sockets, logins and connections of clients a server has. */
export function countLeft({ counts }: Report): number {
  return counts.logins + counts.waiting + counts.sockets + counts.connections
}
