import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** What Node.js starts or imports from outside. The page is another thing: a bundle. */
const ENTRIES = ['index', 'server', 'client/node', 'cli/main']

/** Packages that are loaded by name, in a worker thread. */
const LOADED_BY_NAME = ['pino-pretty']

/** The packages that the built programs import, at once or when they are needed. */
async function importedPackages(): Promise<Set<string>> {
  const { metafile } = await build({
    entryPoints: ENTRIES.map((entry) => join(ROOT, `dist/${entry}.js`)),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outdir: 'nowhere',
    write: false,
    metafile: true,
  })
  const specifiers = Object.values(metafile.inputs)
    .flatMap(({ imports }) => imports)
    .filter(({ path, external }) => external && !isBuiltin(path))
    .map(({ path }) => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path)
  return new Set([...specifiers, ...LOADED_BY_NAME])
}

it('every dependency is needed at run time, and everything needed then is a dependency', async () => {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const { dependencies, peerDependencies = {} } = manifest
  const imported = await importedPackages()
  expect(Object.keys(dependencies).filter((name) => !imported.has(name))).toEqual([])
  const declared = Object.keys({ ...dependencies, ...peerDependencies })
  expect([...imported].filter((name) => !declared.includes(name))).toEqual([])
})
