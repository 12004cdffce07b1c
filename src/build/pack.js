// @ts-check
/**
 * `npm run pack`: makes the tarballs of both packages, the server's and its client's, in the
 * folder that is given, else at the top. The example gets its client's beside its `package.json`.
 * Prints the tarballs' paths, a line each.
 */
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { CLIENT_PACKAGE, writeClientPackage } from './client-package.js'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const EXAMPLE = join(ROOT, 'examples/notes', `${CLIENT_PACKAGE}.tgz`)

const destination = resolve(process.argv[2] ?? ROOT)
const folder = await mkdtemp(join(tmpdir(), 'userauth-client-'))
try {
  await writeClientPackage(folder)
  const server = await pack(ROOT)
  const client = await pack(folder)
  await copyFile(client, EXAMPLE)
  process.stdout.write(`${server}\n${client}\n`)
} finally {
  await rm(folder, { recursive: true })
}

/**
 * @param {string} source - a package's folder
 * @returns the path of its tarball
 */
async function pack(source) {
  // What has to be built is built: npm runs prepack before this script, too.
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', destination]
  const { stdout } = await run('npm', args, { cwd: source })
  const [{ filename }] = JSON.parse(stdout)
  return join(destination, filename)
}
