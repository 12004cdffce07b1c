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

/** Where log lines go. */
export type Log = Logger

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
    return pino({ level }, pino.destination({ sync: false, ...bounds }))
  }
  const { default: pretty } = await import('pino-pretty')
  return pino({ level }, pretty({ sync: true, singleLine: true, ignore: 'pid,hostname' }))
}
