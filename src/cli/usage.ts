import { Failure } from './failure.js'

/**
 * Has `parseArgs` parse a command line.
 *
 * @param parse - calls it
 * @throws Failure `usage`, in place of its TypeError
 */
export function orUsage<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    // Its first sentence names the fault; the others explain what nobody meant to do here.
    const [fault] = String(error instanceof Error ? error.message : error).split('. ')
    throw new Failure('usage', `${fault}.`)
  }
}
