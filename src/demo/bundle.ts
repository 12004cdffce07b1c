import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** How generated protobuf code finds the global object, which the page's policy forbids. */
const GLOBAL_BY_EVALUATION = /Function\((['"])return this\1\)\(\)/g

/** Lets libraries find the global object without evaluating a string. */
const globalThisByName: Plugin = {
  name: 'global-this-by-name',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules.*\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      return { contents: source.replace(GLOBAL_BY_EVALUATION, 'globalThis'), loader: 'js' }
    })
  },
}

// Bundles the demo page into the build, with all that it loads. Part of `npm run build`.
await build({
  absWorkingDir: ROOT,
  entryPoints: ['main.ts', 'main.css', 'index.html'].map((file) => `src/demo/page/${file}`),
  outdir: 'dist/demo/page',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  loader: { '.html': 'copy' },
  plugins: [globalThisByName],
  logLevel: 'warning',
})
