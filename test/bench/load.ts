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
export async function load(url: string, logins: number, atOnce: number): Promise<Load> {
  const times: number[] = []
  let started = 0
  let failures = 0
  const start = performance.now()
  const worker = async (): Promise<void> => {
    while (started < logins) {
      started += 1
      await logIn(url).then(
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
