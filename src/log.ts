import { type Logger, pino } from 'pino'

/** The levels of LOG_LEVEL, from all lines to none. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** How many bytes of lines are written at once; fewer wait, but no longer than {@link WAIT_MS}. */
const WRITE_BYTES = 4096

/** How long a line may wait for others to be written with, in ms. */
const WAIT_MS = 100

/** How many bytes may wait for a reader that has stalled; lines beyond that are dropped. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024

/** The most characters of somebody else's text that a line shows. */
const MAX_FOREIGN_CHARACTERS = 200

const serializers = { err: describeError }

/** Where log lines go. */
export type Log = Logger

/** What lines are written with: a {@link Log}, or what stands before one. */
export interface LineWriter {
  /** Whether lines of a level are written. */
  isLevelEnabled(level: string): boolean
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}

/**
 * Opens the log: lines for people where standard output is a terminal, else JSON, one object a
 * line. JSON escapes control characters, so nothing that a client sends can forge a line.
 *
 * JSON is written by many lines at once: to hand each to the system cost a login a twentieth of
 * its CPU. What waits is written when the process ends, unless it is killed.
 */
export async function openLog(level: LogLevel): Promise<Log> {
  if (!process.stdout.isTTY) {
    const bounds = { minLength: WRITE_BYTES, periodicFlush: WAIT_MS, maxLength: MAX_WAITING_BYTES }
    return pino({ level, serializers }, pino.destination({ sync: false, ...bounds }))
  }
  const { default: pretty } = await import('pino-pretty')
  const format = { sync: true, singleLine: true, ignore: 'pid,hostname' }
  return pino({ level, serializers }, pretty(format))
}

/**
 * Makes text that a client has sent fit for a line: the one way of such bytes into the log.
 *
 * @returns printable ASCII, all else escaped, of the first 200 characters
 */
export function printable(text: string): string {
  const shown = text.slice(0, MAX_FOREIGN_CHARACTERS)
  const escaped = shown.replace(/[^ -~]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
  return shown.length < text.length ? `${escaped}...` : escaped
}

/**
 * What a line says of an error, and of what has caused it: name, message, code and stack. Whatever
 * else libraries attach may hold what a client has sent, or a secret: Node.js the whole packet.
 */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error
  const code = codeOf(error)
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  }
}

/** The code of an error, as Node.js marks its own: `ENOENT`; `undefined` where it has none. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
