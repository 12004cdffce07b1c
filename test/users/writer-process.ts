import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { UsersConfig } from '../../src/users/open-user-store.js'

/** Another process that records logins in a store. */
export class WriterProcess {
  readonly #child: ChildProcess
  readonly #ready: Promise<unknown>
  readonly #exited: Promise<unknown[]>
  #waiting: { login: number; reached: () => void } | undefined
  /** How many logins it has reported as recorded. */
  recorded = 0

  /** Starts the process, which opens the store at once. */
  constructor(users: UsersConfig) {
    this.#child = fork(join(import.meta.dirname, 'writer.js'), [JSON.stringify(users)])
    this.#ready = once(this.#child, 'message')
    this.#exited = once(this.#child, 'exit')
    onTestFinished(() => {
      this.#child.kill('SIGKILL')
    })
  }

  /** Waits until the process has opened the store. */
  async ready(): Promise<void> {
    const ended = this.#exited.then(([status]) => {
      throw new Error(`the writer has ended with status ${status}`)
    })
    await Promise.race([this.#ready, ended])
  }

  /** Has it record logins of a user, one after another. */
  record(pubkey: string, logins: number): void {
    this.#child.on('message', (login) => {
      this.recorded = Number(login)
      if (this.recorded === this.#waiting?.login) this.#waiting.reached()
    })
    this.#child.send({ pubkey, logins })
  }

  /** Waits until it has reported so many logins. */
  async reached(login: number): Promise<void> {
    if (this.recorded >= login) return
    await new Promise<void>((reached) => {
      this.#waiting = { login, reached }
    })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Waits for its end. @returns the exit status, or null where it was killed */
  async ended(): Promise<unknown> {
    const [status] = await this.#exited
    return status
  }
}
