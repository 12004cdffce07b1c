/** Prints how large the client is for a browser, and fails where that is too large. */
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** In bytes, minified and gzipped. */
const LIMIT = 4_000

const { outputFiles } = await build({
  stdin: { contents: "export * from 'textile-userauth/client'", resolveDir: import.meta.dirname },
  platform: 'browser',
  format: 'esm',
  bundle: true,
  minify: true,
  write: false,
})
const size = gzipSync(outputFiles[0].contents, { level: 9 }).length

process.stdout.write(`client: ${size} bytes minified and gzipped, of ${LIMIT} allowed\n`)
process.exitCode = size > LIMIT ? 1 : 0
