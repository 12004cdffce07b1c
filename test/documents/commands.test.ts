import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { type Block, nameOf, readDocuments } from '../support/markdown.js'
import { findCommandErrors, parseCommands } from '../support/shell.js'

const run = promisify(execFile)
const documents = await readDocuments()
const blocks = documents.flatMap((document) => document.blocks)
const isShell = ({ language }: Block) => language === 'sh'

it.each(blocks.filter(isShell).map((block) => [nameOf(block), block]))(
  'can be run: %s',
  async (_name, { text }: Block) => {
    await run('bash', ['-n', '-c', text])
    const commands = parseCommands(text)
    expect(commands).not.toHaveLength(0)
    expect(commands.flatMap(findCommandErrors)).toEqual([])
  },
)

it('the npm commands within sentences can be run, too', () => {
  const spans = documents.flatMap(({ spans }) => spans).filter((span) => /^npm \w/.test(span))
  expect(spans.length).toBeGreaterThan(10)
  expect(spans.flatMap(parseCommands).flatMap(findCommandErrors)).toEqual([])
})

it.each([
  ['npm run logon', 'there is no script logon'],
  ['npm run login -- --hubs http://127.0.0.1', 'no option --hubs'],
  ['npm run check -- --fast', 'the script takes no options'],
  ['npm strat', 'npm has no strat'],
  ['PROT=1 npm start', 'no variable PROT'],
  ['npm ci && pm2 start', 'no program pm2'],
  ['docker run -p 3001:80 userauth', 'no EXPOSE 80'],
])('an error in %s is found', (text, error) => {
  expect(parseCommands(text).flatMap(findCommandErrors)).toEqual([error])
})
