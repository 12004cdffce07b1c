import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { launchBrowser } from '../support/browser.js'
import { dataFolder } from '../support/data-folder.js'
import { ROOT } from '../support/markdown.js'
import { PROGRAMS } from '../support/programs.js'
import { ProgramProcess } from '../support/server-process.js'

/** Serves the example as a static server does, for a login server at another port than usual. */
async function servePlainPage(serverPort: string): Promise<string> {
  const page = await readFile(join(ROOT, 'examples/plain.html'), 'utf8')
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(page.replaceAll('127.0.0.1:3001', `127.0.0.1:${serverPort}`))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`
}

it.skipIf(!PROGRAMS.chromium)(
  'examples/plain.html logs in with the client that the server hands out, with a kept identity',
  async () => {
    const server = await ProgramProcess.start('index.js', {
      PORT: '0',
      DATA_DIR: await dataFolder(),
      DEV_HUB_PORT: '0',
      DEV_HUB_GRPC_PORT: '0',
    })
    const [, port = ''] = await server.printed(/users log in at ws:\/\/[^:]+:(\d+)/)
    const browser = await launchBrowser()
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (line) => {
      if (['error', 'warning'].includes(line.type())) complaints.push(line.text())
    })
    await page.goto(await servePlainPage(port))
    await page.locator('#user:not(:empty)').waitFor()
    const user = await page.locator('#user').textContent()
    expect(user).toMatch(/^bbaarei[a-z2-7]{52}$/)

    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText(/^Logged in until /).waitFor()
    await page.reload()
    await page.locator('#user:not(:empty)').waitFor()
    expect(await page.locator('#user').textContent()).toBe(user)
    expect(complaints).toEqual([])
  },
)
