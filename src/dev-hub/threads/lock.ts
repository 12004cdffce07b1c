import { withDeadline } from '../../deadline.js'
import { Status } from '../../grpc/status.js'
import { CallError, callerLeft } from '../call.js'

/** How long a call may wait for others' transactions, in seconds. hubd waits indefinitely. */
const MAX_WAIT = 60

/** One who waits for a lock, or holds it. */
interface Turn {
  readonly isWriter: boolean
  readonly begin: () => void
}

/**
 * A database's lock: any number of readers or one writer, first come, first served. A write
 * transaction holds it until it ends.
 */
export class Lock {
  #readers = 0
  #hasWriter = false
  readonly #waiting: Turn[] = []

  /**
   * Waits for a turn.
   *
   * @param ended - fulfils where the call is over, and with it the wait
   * @returns what gives the turn back; further calls of it do nothing
   * @throws CallError where the call ended, or others held the database for too long
   */
  async acquire(kind: 'read' | 'write', ended: Promise<void>): Promise<() => void> {
    const isWriter = kind === 'write'
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const turn: Turn = { isWriter, begin }
    this.#waiting.push(turn)
    this.#next()
    const left = ended.then(() => {
      throw callerLeft()
    })
    try {
      await withDeadline(MAX_WAIT, Promise.race([begun, left]), tooLong)
    } catch (error) {
      this.#giveUp(turn)
      throw error
    }
    return this.#releaseOnce(isWriter)
  }

  /** Lets those begin whose turn it is. */
  #next(): void {
    for (;;) {
      const [turn] = this.#waiting
      if (!turn || this.#hasWriter || (turn.isWriter && this.#readers > 0)) return
      this.#waiting.shift()
      if (turn.isWriter) this.#hasWriter = true
      else this.#readers += 1
      turn.begin()
    }
  }

  #giveUp(turn: Turn): void {
    const index = this.#waiting.indexOf(turn)
    if (index < 0) {
      // It began in the very moment in which its caller gave up.
      this.#release(turn.isWriter)
      return
    }
    this.#waiting.splice(index, 1)
    this.#next()
  }

  #releaseOnce(isWriter: boolean): () => void {
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      this.#release(isWriter)
    }
  }

  #release(isWriter: boolean): void {
    if (isWriter) this.#hasWriter = false
    else this.#readers -= 1
    this.#next()
  }
}

function tooLong(): CallError {
  const text = `a transaction has held the database for more than ${MAX_WAIT} s`
  return new CallError(Status.DeadlineExceeded, text)
}
