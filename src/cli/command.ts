import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { describeLogId } from '../demo/describe-login.js'

/** What the package says of itself. */
export interface Manifest {
  readonly version: string
  /** Packages that an installer may leave out, with the versions that will do. */
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const MANIFEST = join(import.meta.dirname, '../../package.json')

/** Exit statuses of the program. */
export const STATUS = { done: 0, failed: 1, wrongUsage: 2 } as const

/** An error that ends a command, in words for whoever has called it. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  /**
   * For programs: the code of a login's error; `bad_key`: the key file is wrong; `hub_failed`: the
   * login went well, but the Hub did not list the threads; `unknown_user`: the store has no such
   * user; `bad_config`: a variable is wrong; `store_failed`: the store of users does not work.
   */
  readonly code: string
  /** By what the server's log names the login. */
  readonly id: string | undefined

  /** @param message - for people: what is wrong and what to do; never a secret */
  constructor(code: string, message: string, options: ErrorOptions & { id?: string } = {}) {
    super(message, options)
    this.code = code
    this.id = options.id
  }
}

/**
 * Runs a command, prints its text or its JSON, and sets the exit status. JSON is one line:
 * `{"ok":true,…}` with the result, or `{"ok":false,"code","message","id"}`.
 *
 * @param isJson - whether to print JSON instead of text
 * @param work - does what the command is for; gets what prints text, and returns what JSON shows
 */
export async function runCommand(
  isJson: boolean,
  work: (print: (text: string) => void) => Promise<object>,
): Promise<void> {
  try {
    const result = await work(isJson ? () => {} : (text) => process.stdout.write(text))
    if (isJson) printJson({ ok: true, ...result })
  } catch (error) {
    process.exitCode = STATUS.failed
    const { code, message, id } = asCommandError(error)
    if (isJson) printJson({ ok: false, code, message, id })
    else process.stderr.write(errorText(code, message, id))
  }
}

/** Reads what the package says of itself. */
export function readManifest(): Manifest {
  return JSON.parse(readFileSync(MANIFEST, 'utf8'))
}

/** Prints one line of JSON. */
export function printJson(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

/** Somebody else's text without the control characters that could command a terminal. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u{fffd}')
}

function asCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error
  return new CommandError('internal', `This command has an error of its own: ${String(error)}`)
}

function errorText(code: string, message: string, id: string | undefined): string {
  const title = styleText('red', `Failed: ${plain(code)}`, { stream: process.stderr })
  const hint = id === undefined ? '' : `  ${describeLogId(plain(id))}\n`
  return `\n  ${title}\n  ${plain(message)}\n${hint}`
}
