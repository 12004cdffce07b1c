// @ts-check
import { readFile } from 'node:fs/promises'
import { build } from 'esbuild'

/** How generated protobuf code finds the global object, which the page's policy forbids. */
const GLOBAL_BY_EVALUATION = /Function\((['"])return this\1\)\(\)/g

/**
 * Lets libraries find the global object without evaluating a string.
 *
 * @type {import('esbuild').Plugin}
 */
const globalThisByName = {
  name: 'global-this-by-name',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules.*\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      return { contents: source.replace(GLOBAL_BY_EVALUATION, 'globalThis'), loader: 'js' }
    })
  },
}

/**
 * Bundles the demo page with all that it loads.
 *
 * @param {string} root - the project's folder
 * @param {string} folder - where the bundle goes
 * @throws {Error} the bundler's, which has printed what is wrong
 */
export async function bundlePage(root, folder) {
  await build({
    absWorkingDir: root,
    entryPoints: ['main.ts', 'main.css', 'index.html'].map((file) => `src/demo/page/${file}`),
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    loader: { '.html': 'copy' },
    plugins: [globalThisByName],
    logLevel: 'warning',
  })
}
