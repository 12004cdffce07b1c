import { Writable } from 'node:stream'
import { pino } from 'pino'
import type { Log, LogLevel } from '../../src/log.js'

/** Opens a log that keeps its lines, as parsed JSON. */
export function keepLog(level: LogLevel): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return { log: pino({ level }, stream), lines }
}
