import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isBusy } from '../../sqlite/connection.js'
import { SetupError } from '../setup-error.js'
import { Store } from './store.js'

/** Name of the Hub's folder in `DATA_DIR`. */
const FOLDER = 'dev-hub'

/** Name of the file in it; SQLite puts one more beside it while it is in use. */
const FILE = 'hub.sqlite'

/** Where the Hub remembers: a folder of `DATA_DIR`, or memory. */
export interface Place {
  /** The folder `DATA_DIR`; memory where missing. */
  readonly dataDir?: string | undefined
  /** Whether to forget all that was remembered there. */
  readonly reset?: boolean
}

/**
 * Opens what the Hub remembers. The folder is made where it is missing.
 *
 * @throws SetupError where another Hub uses the folder, or it can't be used
 */
export function openStore({ dataDir, reset = false }: Place): Store {
  if (dataDir === undefined) return new Store()
  const folder = resolve(dataDir, FOLDER)
  const file = join(folder, FILE)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (reset) forget(file)
    return new Store(file)
  } catch (error) {
    throw new SetupError(isBusy(error) ? inUse(folder) : unusable(folder, error))
  }
}

/** Deletes the file, unless another Hub uses it: then that error is thrown. */
function forget(file: string): void {
  try {
    new Store(file).close()
  } catch (error) {
    if (isBusy(error)) throw error
  }
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true })
}

function inUse(folder: string): string {
  return `DATA_DIR: another development Hub uses ${folder}; set DATA_DIR to another folder, run one with \`npm run dev-hub -- --in-memory\`, or set HUB_URL, USER_API_KEY and USER_API_SECRET to the other one's`
}

function unusable(folder: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error)
  return `DATA_DIR: the development Hub's folder ${folder} can't be used: ${reason}; set DATA_DIR to another folder, or forget what is in it with \`npm run dev-hub -- --reset\``
}
