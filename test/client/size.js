/** Prints how large the client's entries are for a browser, and fails where one is too large. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** In bytes, minified and gzipped: what each entry may have. That of React is without React. */
const LIMITS = { client: 4_000, 'client/react': 5_000, 'client/wallet': 2_000 }

for (const [entry, limit] of Object.entries(LIMITS)) {
  const { outputFiles } = await build({
    entryPoints: [`dist/${entry === 'client' ? 'client/browser' : entry}.js`],
    absWorkingDir: join(import.meta.dirname, '../..'),
    platform: 'browser',
    format: 'esm',
    external: ['react'],
    bundle: true,
    minify: true,
    write: false,
  })
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length
  process.stdout.write(`${entry}: ${size} bytes minified and gzipped, of ${limit} allowed\n`)
  if (size > limit) process.exitCode = 1
}
