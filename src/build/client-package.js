// @ts-check
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** The package's name. */
export const CLIENT_PACKAGE = 'textile-userauth-client'

/** The oldest React with `useSyncExternalStore`, which the hook is built on. */
const REACT = '>=18'

/**
 * Writes the package `textile-userauth-client` into a folder: what the build made of `src/client`,
 * its README, and a `package.json` that follows from the one at the top.
 *
 * @param {string} folder - made where it is missing
 */
export async function writeClientPackage(folder) {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  await mkdir(join(folder, 'dist/client'), { recursive: true })
  const built = (await readdir(join(ROOT, 'dist/client'))).map((file) => `client/${file}`)
  const files = [...built, 'protocol.js', 'protocol.d.ts'].map((file) => `dist/${file}`)
  await Promise.all([
    ...files.map((file) => copyFile(join(ROOT, file), join(folder, file))),
    copyFile(join(ROOT, 'LICENSE'), join(folder, 'LICENSE')),
    copyFile(join(ROOT, 'src/client/README.md'), join(folder, 'README.md')),
    writeFile(
      join(folder, 'package.json'),
      `${JSON.stringify(clientManifest(manifest), null, 2)}\n`,
    ),
  ])
}

/** @param {Record<string, any>} manifest - that of the server's package */
function clientManifest({ version, license, type, exports, engines, dependencies }) {
  return {
    name: CLIENT_PACKAGE,
    version,
    description:
      'The client of textile-userauth: logs a user in to a Textile Hub with their identity key, for Threads and Buckets. For browsers and Node.js, without dependencies.',
    license,
    keywords: ['textile', 'textile-hub', 'threads', 'buckets', 'user-auth', 'login', 'react'],
    type,
    sideEffects: false,
    exports: {
      '.': exports['./client'],
      './react': entry('react'),
      './wallet': entry('wallet'),
      './package.json': './package.json',
    },
    engines,
    peerDependencies: { react: REACT, ws: dependencies.ws },
    peerDependenciesMeta: { react: { optional: true }, ws: { optional: true } },
  }
}

/** @param {string} name - of a file of `src/client`, the same for every runtime */
function entry(name) {
  return { types: `./dist/client/${name}.d.ts`, default: `./dist/client/${name}.js` }
}
