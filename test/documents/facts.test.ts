import { access, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { ErrorCode } from '../../src/protocol.js'
import { ROOT, readDocuments } from '../support/markdown.js'

/** From how many lines on a page has a list of its contents. */
const LONG = 100

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

it('SECURITY.md names tests that are there', async () => {
  const source = await readFile(join(ROOT, 'SECURITY.md'), 'utf8')
  const cells = [...source.matchAll(/^\|.*\| (`[\w/-]+\.test\.ts`.*) \|$/gm)].map(
    ([, cell]) => cell,
  )
  expect(cells.length).toBeGreaterThan(20)
  for (const cell of cells) {
    for (const [, file = '', title] of cell?.matchAll(/`([\w/-]+\.ts)`(?:: \*([^*]+)\*)?/g) ?? []) {
      const test = await readFile(join(ROOT, 'test', file), 'utf8')
      if (title !== undefined) expect(test, file).toContain(title)
    }
  }
})

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
