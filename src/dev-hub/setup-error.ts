/**
 * Thrown where the Hub can't start as it is set up. Its message is for the developer: one line,
 * which names what to change. Not a ConfigError, since the Hub's thread loads no configuration.
 */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}
