import type { Contender } from './contender.js'
import { type Load, load } from './load.js'
import { median } from './median.js'

/** What one contender took in one round. */
export interface Round {
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

/**
 * Has a contender do so many logins, so many of them at once.
 *
 * @param doAll - does as many of something else, in place of logins
 */
export async function measureRound(
  contender: Contender,
  logins: number,
  atOnce: number,
  doAll: () => Promise<Load> = () => load(contender.url, logins, atOnce),
): Promise<Round> {
  const before = await contender.cpu()
  const { times, wall, failures } = await doAll()
  const spent = (await contender.cpu()) - before
  const sorted = times.toSorted((a, b) => a - b)
  const { resident } = await contender.memory()
  return {
    cpu: spent / logins,
    perSecond: (logins / wall) * 1000,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    memory: resident,
    failures,
  }
}

/** The medians of some rounds, and all their failures. */
export function sumUp(rounds: readonly Round[]): Round {
  return {
    cpu: median(rounds.map(({ cpu }) => cpu)),
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    memory: median(rounds.map(({ memory }) => memory)),
    failures: rounds.reduce((sum, { failures }) => sum + failures, 0),
  }
}
