import { parseArgs } from 'node:util'
import { ConfigError } from '../config/config-error.js'

const USAGE = `usage: npm run dev-hub [-- <options>]

Runs a development Hub until it is stopped. It remembers in the folder dev-hub of DATA_DIR.
  --in-memory    remember nothing
  --reset        forget everything first, API key and databases
  --seed FILE    fill it first with the users' databases and buckets in a file of JSON
  --export FILE  write the databases into such a file, and end; - is standard output
  --json         print one line, {"url","grpcUrl","key","secret"}, for programs
`

/** What the development Hub is told on its command line. */
export interface Arguments {
  readonly inMemory: boolean
  readonly reset: boolean
  /** File to fill the Hub from. */
  readonly seed: string | undefined
  /** File to write the databases to; `-` for standard output. */
  readonly exportTo: string | undefined
  readonly json: boolean
}

/** @throws ConfigError with the usage, where anything else was asked for */
export function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        'in-memory': { type: 'boolean', default: false },
        reset: { type: 'boolean', default: false },
        seed: { type: 'string' },
        export: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const { 'in-memory': inMemory, export: exportTo, reset, json, seed } = values
    if (exportTo !== undefined && (inMemory || reset || json || seed !== undefined)) {
      throw new TypeError('--export stands alone')
    }
    return { inMemory, exportTo, reset, json, seed }
  } catch {
    throw new ConfigError([USAGE.trimEnd()])
  }
}
