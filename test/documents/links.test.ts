import { access, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
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
