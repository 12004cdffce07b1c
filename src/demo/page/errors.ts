/** The login server has not told the page its settings. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** What the page itself has found wrong, with what to do about it. */
export class PageError extends Error {
  override readonly name = 'PageError'
  readonly advice: string

  /**
   * @param message - what is wrong, as a sentence
   * @param advice - what to do, as a sentence
   */
  constructor(message: string, advice: string) {
    super(message)
    this.advice = advice
  }
}

/** What was asked for was asked by a session that has ended meanwhile. */
export class SessionClosedError extends Error {
  override readonly name = 'SessionClosedError'
}
