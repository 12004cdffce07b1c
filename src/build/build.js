// @ts-check
/**
 * `npm run build`: makes `dist` from `src`, unless `dist` is made from just that already. Whatever
 * starts a program from `dist` runs this first: it neither waits for a needless build nor starts
 * an old one. Uses nothing but Node.js until there is something to build.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const DIST = join(ROOT, 'dist')

/** Holds the digest of what `dist` was made from. */
const STAMP = 'built-from'

/** What a build depends on beside `src`: the compiler's settings and the packages' versions. */
const SETTINGS = ['tsconfig.json', 'package-lock.json']

// The image has `dist`, and of `src` this file alone.
if (existsSync(join(ROOT, 'src/index.ts'))) {
  const digest = await digestSources()
  if (!(await isMadeFrom(digest))) process.exitCode = await build(digest)
}

/** The digest of the names and contents of all that a build depends on. */
async function digestSources() {
  const entries = await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
  const sources = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
  const hash = createHash('sha256')
  for (const file of [...sources.sort(), ...SETTINGS]) {
    const content = await readFile(join(ROOT, file))
    hash.update(`${file.replaceAll(sep, '/')} ${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

/**
 * @param {string} digest
 * @returns whether `dist` is made from the sources of this digest
 */
async function isMadeFrom(digest) {
  const stamp = join(DIST, STAMP)
  return existsSync(stamp) && (await readFile(stamp, 'utf8')) === digest
}

/**
 * Builds in a folder beside `dist`, then puts it in the place of `dist`: a build that fails leaves
 * the old one alone, and nothing stays of sources that are gone.
 *
 * @param {string} digest - that of the sources
 * @returns {Promise<number>} the exit status
 */
async function build(digest) {
  const compiler = findCompiler()
  if (compiler === undefined) {
    process.stderr.write(
      'dist is not built from src as it is now, and the compiler is not installed: run npm ci, then npm run build.\n',
    )
    return 1
  }
  const workplace = await mkdtemp(join(ROOT, '.build-'))
  const made = join(workplace, 'dist')
  try {
    const compile = [compiler, '-p', join(ROOT, 'src'), '--outDir', made]
    const [status] = await once(spawn(process.execPath, compile, { stdio: 'inherit' }), 'exit')
    if (status !== 0) return 1
    const { bundlePage } = await import('./page.js')
    await bundlePage(ROOT, join(made, 'demo/page'))
    await writeFile(join(made, STAMP), digest)
    await replaceDist(made, join(workplace, 'old'), digest)
    return 0
  } finally {
    await rm(workplace, { recursive: true })
  }
}

/** The path of the TypeScript compiler, where it is installed. */
function findCompiler() {
  try {
    const { resolve } = createRequire(import.meta.url)
    return join(dirname(resolve('typescript/package.json')), 'bin/tsc')
  } catch {
    return undefined
  }
}

/**
 * Puts a new build in the place of the old one.
 *
 * @param {string} made - the new build
 * @param {string} old - where the old one goes
 * @param {string} digest - that of the sources
 */
async function replaceDist(made, old, digest) {
  try {
    await rename(DIST, old).catch((error) => {
      // There is none yet, or another build has just moved it away.
      if (error.code !== 'ENOENT') throw error
    })
    await rename(made, DIST)
  } catch (error) {
    // Two builds at once get in each other's way, but make the same.
    if (!(await isMadeFrom(digest))) throw error
  }
}
