/** A failure of the command other than the login's own. */
export class Failure extends Error {
  override readonly name = 'Failure'
  /**
   * `usage`: the command line is wrong; `bad_key`: the key file is; `hub_failed`: the login went
   * well, but the Hub did not list the threads; `unknown_user`: the store has no such user.
   */
  readonly code: 'usage' | 'bad_key' | 'hub_failed' | 'unknown_user'

  /** @param message - for people: what is wrong and what to do; never a secret */
  constructor(code: Failure['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
