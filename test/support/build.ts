import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const BUILD = join(import.meta.dirname, '../../src/build/build.js')

/**
 * Builds the project once before all tests, where `dist` is not built from `src` as it is: tests
 * of processes and of the package start what is in `dist`.
 */
export async function setup(): Promise<void> {
  const [status] = await once(spawn(process.execPath, [BUILD], { stdio: 'inherit' }), 'exit')
  if (status !== 0) throw new Error('the project does not build')
}
