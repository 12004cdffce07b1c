import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import { openPage } from '../support/browser.js'
import { dataFolder } from '../support/data-folder.js'
import { buildAndPreview, writeApp } from '../support/packages.js'
import { freePort } from '../support/ports.js'
import { PROGRAMS } from '../support/programs.js'
import { ProgramProcess } from '../support/server-process.js'

const ROOT = join(import.meta.dirname, '../..')

/** How long a test waits for what an app must do, in ms. */
const PATIENCE_MS = 15_000

/** How long a test may take, in ms: it builds an app and starts a server twice. */
const TIMEOUT_MS = 60_000

/** What the README's app does besides: all three of the SDK's classes at work. */
const ENDING = `
async function use(name: string): Promise<string> {
  const thread = await client.newDB(undefined, name)
  await client.newCollection(thread, { name: 'people' })
  await client.create(thread, 'people', [{ _id: 'ada', name: 'Ada' }])
  const people = await client.find<{ name: string }>(thread, 'people', {})
  const key = root?.key ?? ''
  const content = new TextEncoder().encode('hello')
  await buckets.pushPath(key, name, { path: name, content })
  const { url } = await buckets.links(key, name)
  const text = await (await fetch(url)).text()
  await users.setupMailbox()
  await users.sendMessage(identity, identity.public, new TextEncoder().encode('mail'))
  const [message] = await users.listInboxMessages()
  const mail = new TextDecoder().decode(await identity.decrypt(message?.body ?? new Uint8Array()))
  const files = (await buckets.listPath(key, '')).item?.items.map((item) => item.name)
  return [people[0]?.name, text, mail, files].join()
}
`

const ENDINGS = {
  node: `
import { createInterface } from 'node:readline'
for await (const name of createInterface({ input: process.stdin })) console.log(await use(name))
`,
  browser: 'Object.assign(globalThis, { use })',
}

/** A server with its built-in Hub, at ports and in a folder that stay the same. */
async function startServer() {
  const [port, hubPort] = [await freePort(), await freePort()]
  const environment = {
    PORT: String(port),
    DATA_DIR: await dataFolder(),
    DEV_HUB_PORT: String(hubPort),
    DEV_HUB_GRPC_PORT: String(await freePort()),
  }
  const start = async () => {
    const server = await ProgramProcess.start('index.js', environment)
    await server.printed(/users log in at/)
    return server
  }
  let server = await start()
  return {
    /** The first example of the README, for this server. */
    async example(ending: keyof typeof ENDINGS): Promise<string> {
      const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
      const [, code = ''] = /^```ts\n(.*?)^```$/ms.exec(readme) ?? []
      return `${code}${ENDING}${ENDINGS[ending]}`
        .replace('textile-userauth-client', 'textile-userauth/client')
        .replace('127.0.0.1:3007', `127.0.0.1:${hubPort}`)
        .replace('127.0.0.1:3001', `127.0.0.1:${port}`)
    },
    async restart(): Promise<void> {
      server.kill('SIGKILL')
      await server.ended()
      server = await start()
    },
  }
}

/** A folder for an app, where the project's packages are found. */
async function appFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(import.meta.dirname, 'app-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeApp(folder, files)
  return folder
}

const FIRST = 'Ada,hello,mail,.textileseed,first'
const SECOND = `${FIRST},second`

it("the README's app runs on Node.js, and runs on when the server was killed and started again", {
  timeout: TIMEOUT_MS,
}, async () => {
  const server = await startServer()
  const folder = await appFolder({ 'app.ts': await server.example('node') })
  const app = spawn(process.execPath, ['--import', 'tsx', join(folder, 'app.ts')], { cwd: ROOT })
  const closed = once(app, 'close')
  onTestFinished(async () => {
    app.kill('SIGKILL')
    await closed
  })
  let faults = ''
  app.stderr.on('data', (data: Buffer) => {
    faults += data
  })
  const lines = createInterface({ input: app.stdout })[Symbol.asyncIterator]()
  const use = async (name: string) => {
    app.stdin.write(`${name}\n`)
    return (await lines.next()).value ?? faults
  }
  expect(await use('first')).toBe(FIRST)
  await server.restart()
  expect(await use('second')).toBe(SECOND)
})

it.skipIf(!PROGRAMS.chromium)(
  "the README's app runs in a browser, built with Vite, and runs on",
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    const server = await startServer()
    const app = await appFolder({
      'index.html': '<!doctype html><title>app</title><script type="module" src="app.ts"></script>',
      'app.ts': await server.example('browser'),
    })
    const site = await buildAndPreview(app)
    const page = await openPage()
    page.setDefaultTimeout(PATIENCE_MS)
    await page.goto(site)
    await page.waitForFunction('globalThis.use')
    expect(await page.evaluate("use('first')")).toBe(FIRST)
    await server.restart()
    expect(await page.evaluate("use('second')")).toBe(SECOND)
  },
)
