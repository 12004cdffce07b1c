import { logIn } from '../soak/clients.js'

/** What a load brought. */
export interface Load {
  /** How long each login took, from connecting to the token, in ms. */
  readonly times: readonly number[]
  /** How long all of them took, in ms. */
  readonly wall: number
  readonly failures: number
}

/** Does so many logins, so many of them at once. */
export function load(url: string, logins: number, atOnce: number): Promise<Load> {
  return repeat(() => logIn(url), logins, atOnce)
}

/**
 * Does something so many times, so many of them at once.
 *
 * @param work - resolves to how long it took, in ms
 */
export async function repeat(
  work: () => Promise<number>,
  count: number,
  atOnce: number,
): Promise<Load> {
  const times: number[] = []
  let started = 0
  let failures = 0
  const start = performance.now()
  const worker = async (): Promise<void> => {
    while (started < count) {
      started += 1
      await work().then(
        (ms) => times.push(ms),
        () => {
          failures += 1
        },
      )
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { times, wall: performance.now() - start, failures }
}
