import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

/** What a build takes from the project's folder. */
const SOURCES = ['src', 'package.json', 'package-lock.json', 'tsconfig.json']

/** A copy of the project, in which tests change sources. Each test goes on from the one before. */
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'userauth-build-'))
  for (const name of SOURCES) await cp(join(ROOT, name), join(folder, name), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await build()
})

afterAll(() => rm(folder, { recursive: true }))

/** Runs the build of the copy. */
async function build(): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [join(folder, 'src/build/build.js')])
}

/** The number of the folder `dist` in the file system: another one after each build. */
async function distNumber(): Promise<number> {
  return (await stat(join(folder, 'dist'))).ino
}

function read(file: string): Promise<string> {
  return readFile(join(folder, file), 'utf8')
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(join(folder, file), change(await read(file)))
}

it('builds the programs and the page, and leaves nothing else beside them', async () => {
  for (const file of ['index.js', 'client/browser.d.ts', 'demo/page/main.js'])
    expect(existsSync(join(folder, 'dist', file)), file).toBe(true)
  const { stdout } = await run('ls', ['-A', folder])
  expect(stdout.trim().split('\n').sort()).toEqual([...SOURCES, 'dist', 'node_modules'].sort())
})

it('builds nothing where nothing has changed', async () => {
  const before = await distNumber()
  expect(await build()).toEqual({ stdout: '', stderr: '' })
  expect(await distNumber()).toBe(before)
})

it('builds anew where a source has changed, also back to what it was', async () => {
  await edit('src/deadline.ts', (text) => `${text}export const added = 1\n`)
  await build()
  expect(await read('dist/deadline.js')).toContain('added')
  await edit('src/deadline.ts', (text) => text.replace('export const added = 1\n', ''))
  await build()
  expect(await read('dist/deadline.js')).not.toContain('added')
})

it.each(['src/demo/page/main.css', 'tsconfig.json', 'package-lock.json'])(
  'builds anew where %s has changed',
  async (file) => {
    const before = await distNumber()
    await edit(file, (text) => `${text}\n`)
    await build()
    expect(await distNumber()).not.toBe(before)
  },
)

it('keeps nothing of a source that is gone', async () => {
  await writeFile(join(folder, 'src/passing.ts'), 'export {}\n')
  await build()
  expect(existsSync(join(folder, 'dist/passing.js'))).toBe(true)
  await unlink(join(folder, 'src/passing.ts'))
  await build()
  expect(existsSync(join(folder, 'dist/passing.js'))).toBe(false)
})

it('leaves the old build alone where the new one fails, and fails again', async () => {
  const before = await distNumber()
  await writeFile(join(folder, 'src/wrong.ts'), "export const wrong: number = 'text'\n")
  for (const _ of ['once', 'again']) {
    const { stdout, code } = await build().catch((error) => error)
    expect({ stdout, code }).toMatchObject({ stdout: expect.stringContaining('TS2322'), code: 1 })
    expect(await distNumber()).toBe(before)
  }
  await unlink(join(folder, 'src/wrong.ts'))
})

it('leaves one good build where two start at once', async () => {
  await edit('src/deadline.ts', (text) => `${text}\n`)
  await Promise.all([build(), build()])
  const before = await distNumber()
  await build()
  expect(await distNumber()).toBe(before)
})

it('says what to install where there is no compiler, and only if it needs one', async () => {
  await unlink(join(folder, 'node_modules'))
  expect(await build()).toEqual({ stdout: '', stderr: '' })
  await edit('src/deadline.ts', (text) => `${text}\n`)
  const { stderr, code } = await build().catch((error) => error)
  expect({ stderr, code }).toMatchObject({ stderr: expect.stringContaining('npm ci'), code: 1 })
})

it('builds nothing where there are no sources, as in the image', async () => {
  const before = await distNumber()
  await cp(join(folder, 'src/build/build.js'), join(folder, 'build.js'))
  await rm(join(folder, 'src'), { recursive: true })
  await cp(join(folder, 'build.js'), join(folder, 'src/build/build.js'))
  expect(await build()).toEqual({ stdout: '', stderr: '' })
  expect(await distNumber()).toBe(before)
})
