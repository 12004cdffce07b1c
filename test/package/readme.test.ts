import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

/** The README's examples in TypeScript, with the ending that each needs. */
async function examples(): Promise<{ ending: string; code: string }[]> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(/^```(tsx?)\n(.*?)^```$/gms)]
  return blocks.map(([, ending = '', code = '']) => ({ ending, code }))
}

it("the README's examples compile", async () => {
  const found = await examples()
  expect(found.map(({ ending }) => ending)).toContain('tsx')
  // Beside this file, where the project's packages are found.
  const folder = await mkdtemp(join(import.meta.dirname, 'examples-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await Promise.all(
    found.map(({ ending, code }, index) => writeFile(join(folder, `${index}.${ending}`), code)),
  )
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        lib: ['es2023', 'dom'],
        types: ['node'],
        module: 'esnext',
        moduleResolution: 'bundler',
        moduleDetection: 'force',
        jsx: 'react-jsx',
        strict: true,
        skipLibCheck: true,
        noEmit: true,
      },
    }),
  )
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const compiled = run(process.execPath, [tsc, '-p', folder])
  await compiled.catch(({ stdout }) => expect.unreachable(stdout))
})
