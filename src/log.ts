import { type Logger, pino } from 'pino'

/** The levels of LOG_LEVEL, from all lines to none. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Where log lines go. */
export type Log = Logger

/**
 * Opens the log: lines for people where standard output is a terminal, else JSON, one object a
 * line. JSON escapes control characters, so nothing that a client sends can forge a line.
 */
export async function openLog(level: LogLevel): Promise<Log> {
  if (!process.stdout.isTTY) return pino({ level })
  const { default: pretty } = await import('pino-pretty')
  return pino({ level }, pretty({ sync: true, singleLine: true, ignore: 'pid,hostname' }))
}
