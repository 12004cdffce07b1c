import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../src/dev-hub/hub.js'
import { readSeed } from '../../src/dev-hub/seed/seed-file.js'
import { dataFolder } from '../support/data-folder.js'

const run = promisify(execFile)
const TEXT = readFileSync(join(import.meta.dirname, '../../docs/dev-hub.md'), 'utf8')

/** The blocks of the document in one language. */
function blocks(language: string): string[] {
  const found = [...TEXT.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))]
  return found.map(([, code = '']) => code)
}

it("the document's example runs as it is printed", async () => {
  const hub = await startDevHub()
  onTestFinished(() => hub.close())
  const { url, apiKeys } = hub
  const given = JSON.stringify({ url, key: apiKeys[0]?.key, secret: apiKeys[0]?.secret })
  const [code] = blocks('js')
  // Beside this file, where the project's packages are found.
  const file = join(import.meta.dirname, `example-${process.pid}.mjs`)
  onTestFinished(() => rm(file))
  writeFileSync(file, `const hub = ${given}\n${code}\nconsole.log(JSON.stringify({ id, found }))`)
  const { stdout } = await run(process.execPath, [file])
  const { id, found } = JSON.parse(stdout)
  expect(found).toMatchObject([{ _id: id, text: 'hello' }])
})

it("the document's seed fills a Hub", async () => {
  const folder = await dataFolder()
  const [json = ''] = blocks('json')
  writeFileSync(join(folder, 'seed.json'), json)
  mkdirSync(join(folder, 'files'))
  writeFileSync(join(folder, 'files/a.txt'), 'text')
  const seed = readSeed(join(folder, 'seed.json'), '--seed')
  expect(seed.buckets).toHaveLength(1)
  const hub = await startDevHub({ seed })
  await hub.close()
})

it('the document tells of every option and variable', () => {
  for (const name of ['--in-memory', '--reset', '--seed', '--export', '--json', 'DEV_HUB_SEED']) {
    expect(TEXT).toContain(name)
  }
})
