import { execFile } from 'node:child_process'
import { access, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { ErrorCode } from '../../src/protocol.js'
import { dataFolder } from '../support/data-folder.js'
import { ROOT, readDocuments } from '../support/markdown.js'

/** From how many lines on a page has a list of its contents. */
const LONG = 100

/** A test as SECURITY.md names it: its file, and where it is not all of that, a part of its name. */
const TEST_NAME = /`([\w/-]+\.test\.ts)`(?:: \*([^*]+)\*)?/g

interface NamedTest {
  readonly file: string
  readonly title: string
}

const listedTests = z.array(z.object({ name: z.string(), file: z.string() }))

/**
 * The tests of some files, as the runner itself lists them.
 *
 * @param options - `--staticParse` is much cheaper, and knows tables by their templates, but not
 *   what is run under a condition
 */
async function listTests(files: readonly string[], ...options: string[]) {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const paths = files.map((file) => join('test', file))
  const list = join(await dataFolder(), 'tests.json')
  // `--json` without a file would take the next argument for one, and write over it.
  const args = ['list', '--config', 'test/vitest.config.ts', `--json=${list}`, ...options]
  await promisify(execFile)(process.execPath, [vitest, ...args, ...paths], { cwd: ROOT })
  return listedTests.parse(JSON.parse(await readFile(list, 'utf8')))
}

/** Those tests of SECURITY.md that the runner doesn't list. */
async function findMissing(named: readonly NamedTest[], ...options: string[]) {
  const listed = await listTests([...new Set(named.map(({ file }) => file))], ...options)
  const isListed = ({ file, title }: NamedTest) =>
    listed.some((test) => test.file.endsWith(`/test/${file}`) && test.name.includes(title))
  return named.filter((test) => !isListed(test))
}

const documents = await readDocuments()

it.each(documents)('$path links to files and headings that are there', async ({ path, links }) => {
  for (const href of links.filter((href) => !/^[a-z]+:/.test(href))) {
    const [file = '', anchor] = href.split('#')
    const target = file === '' ? path : join(dirname(path), file)
    await expect(access(join(ROOT, target)), `${href}: the file`).resolves.toBeUndefined()
    if (anchor === undefined) continue
    const headings = documents.find((document) => document.path === target)?.anchors
    expect([...(headings?.keys() ?? [])], href).toContain(anchor)
  }
})

const long = documents.filter(({ path, source }) => {
  return source.split('\n').length > LONG && path !== 'README.md'
})

it.each(long)('$path is long, so it lists its contents', ({ links, anchors }) => {
  const sections = [...anchors].filter(([, depth]) => depth === 2).map(([anchor]) => anchor)
  expect(links).toEqual(expect.arrayContaining(sections.map((anchor) => `#${anchor}`)))
})

it('the README has at most 200 lines', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(200)
})

it('the README names every folder of the source, and no other', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const rows = readme.split('\n').filter((line) => /^\| `[\w-]+\/`/.test(line))
  const named = rows.flatMap((row) => row.split('|')[1]?.match(/[\w-]+(?=\/)/g) ?? [])
  const entries = await readdir(join(ROOT, 'src'), { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  expect(named.toSorted()).toEqual(folders.toSorted())
})

it('every page of docs is in the index', () => {
  const pages = documents.map(({ path }) => path).filter((path) => /^docs\/(?!README)/.test(path))
  const index = documents.find(({ path }) => path === 'docs/README.md')
  const linked = index?.links.map((href) => join('docs', href))
  expect(linked).toEqual(expect.arrayContaining(pages))
})

it('the README says of variables what the page on configuration says', async () => {
  const [readme = [], page = []] = await Promise.all(
    ['README.md', 'docs/configuration.md'].map(async (path) => {
      const source = await readFile(join(ROOT, path), 'utf8')
      const rows = source.matchAll(/^\| `([A-Z][A-Z_]+)`.*\|$/gm)
      return [...new Set([...rows].map(([, name]) => name))]
    }),
  )
  expect(readme).toHaveLength(10)
  expect(page).toEqual(expect.arrayContaining(readme))
})

it('SECURITY.md names, in every line, tests that are run', async () => {
  const source = await readFile(join(ROOT, 'SECURITY.md'), 'utf8')
  const [, table = ''] = /\n\| attack \|.*\n\|[-|]+\n((?:\|.*\n)+)/.exec(source) ?? []
  const lines = table.trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(30)
  const named = lines.flatMap((line) => {
    const tests = [...(line.split(' | ').at(-1) ?? '').matchAll(TEST_NAME)]
    expect(tests, line).not.toEqual([])
    return tests.map(([, file = '', title = '']) => ({ file, title }))
  })
  const missing = await findMissing(named, '--staticParse')
  expect(missing.length === 0 ? [] : await findMissing(missing)).toEqual([])
}, 60_000)

it('PROTOCOL.md and docs/client.md list the codes of errors that there are', async () => {
  const codesIn = async (path: string) => {
    const source = await readFile(join(ROOT, path), 'utf8')
    return [...source.matchAll(/^\| `([a-z]+_[a-z_]+|[a-z]+)` \| .* \|$/gm)].map(([, code]) => code)
  }
  expect(await codesIn('PROTOCOL.md')).toEqual(expect.arrayContaining(Object.values(ErrorCode)))
  const texts = await readFile(join(ROOT, 'src/client/login-error.ts'), 'utf8')
  const [, table = ''] = /const TEXTS = \{(.*?)\n\}/s.exec(texts) ?? []
  const codes = [...table.matchAll(/^ {2}(\w+):/gm)].map(([, code]) => code)
  expect(codes.length).toBeGreaterThan(5)
  expect(await codesIn('docs/client.md')).toEqual(expect.arrayContaining(codes))
})

it('the lines that docs/operate.md quotes are printed by the server', async () => {
  const source = await readFile(join(ROOT, 'docs/operate.md'), 'utf8')
  const lines = [...source.matchAll(/^\| `([A-Z_]+: .*?)` \|/gm)].map(([, line = '']) => line)
  expect(lines.length).toBeGreaterThan(4)
  const names = await readdir(join(ROOT, 'src'), { recursive: true })
  const files = names.filter((name) => name.endsWith('.ts'))
  const texts = await Promise.all(files.map((name) => readFile(join(ROOT, 'src', name), 'utf8')))
  for (const line of lines) {
    const [, text = ''] = /^\w+: (.*)$/.exec(line) ?? []
    for (const part of text.split(/\d+/)) expect(texts.join(), line).toContain(part)
  }
})
