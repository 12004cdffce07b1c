import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import GithubSlugger from 'github-slugger'
import { marked, type Token } from 'marked'

/** The folder of the whole project. */
export const ROOT = join(import.meta.dirname, '../..')

/** Folders whose Markdown is not the project's own. */
const FOREIGN = ['.git', '.stryker-tmp', 'coverage', 'data', 'dist', 'node_modules']

/** A block of code in a document. */
export interface Block {
  /** The document's path, from the project's folder. */
  readonly path: string
  /** What stands behind the opening fence, such as `ts`; empty where nothing does. */
  readonly language: string
  readonly text: string
}

/** A Markdown file of the project. */
export interface Document {
  /** Its path, from the project's folder. */
  readonly path: string
  readonly source: string
  /** Its blocks of code, in order. */
  readonly blocks: readonly Block[]
  /** Its code within sentences and tables. */
  readonly spans: readonly string[]
  /** What its links and pictures lead to. */
  readonly links: readonly string[]
  /** The anchors of its headings, by GitHub's rule, each with the heading's depth from 1. */
  readonly anchors: ReadonlyMap<string, number>
}

/** Reads every Markdown file of the project. */
export async function readDocuments(): Promise<Document[]> {
  const paths = await findMarkdown(ROOT)
  return Promise.all(paths.toSorted().map((path) => readDocument(relative(ROOT, path))))
}

/** Names a block in a failure. */
export function nameOf({ path, language, text }: Block): string {
  return `${path}, ${language || 'a block'} that begins with "${text.trim().split('\n')[0]}"`
}

async function findMarkdown(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const found = entries.map(async (entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return FOREIGN.includes(entry.name) ? [] : findMarkdown(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
  return (await Promise.all(found)).flat()
}

/** Reads one of them. @param path - from the project's folder */
export async function readDocument(path: string): Promise<Document> {
  const source = await readFile(join(ROOT, path), 'utf8')
  const blocks: Block[] = []
  const spans: string[] = []
  const links: string[] = []
  const anchors = new Map<string, number>()
  const slugger = new GithubSlugger()
  marked.walkTokens(marked.lexer(source), (token) => {
    if (token.type === 'code') blocks.push({ path, language: token.lang ?? '', text: token.text })
    if (token.type === 'codespan') spans.push(token.text)
    if (token.type === 'link' || token.type === 'image') links.push(token.href)
    if (token.type === 'heading') anchors.set(slugger.slug(plainText(token.tokens)), token.depth)
  })
  return { path, source, blocks, spans, links, anchors }
}

/** What a reader sees of a heading, without its markup. */
function plainText(tokens: readonly Token[] = []): string {
  return tokens
    .map((token) => ('tokens' in token && token.tokens ? plainText(token.tokens) : token.raw))
    .map((text) => text.replaceAll('`', ''))
    .join('')
}
