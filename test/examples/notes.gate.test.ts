import { cp } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complaintsOf, openPage } from '../support/browser.js'
import { dataFolder } from '../support/data-folder.js'
import { ROOT } from '../support/markdown.js'
import {
  npmInstall,
  packAll,
  removeTarballs,
  runTool,
  serveWithVite,
  type Tarballs,
} from '../support/packages.js'
import { freePort } from '../support/ports.js'
import { PROGRAMS } from '../support/programs.js'
import { ProgramProcess } from '../support/server-process.js'

/** What of the example's folder is made there, and would not be in a fresh copy of it. */
const MADE = ['node_modules', 'dist', 'package-lock.json']

/** A PNG of one red pixel. */
const RED_PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
)

/** How long the page gets for what it does, in ms. */
const PATIENCE_MS = 20_000

describe.skipIf(!PROGRAMS.chromium)('examples/notes, copied elsewhere,', () => {
  let tarballs: Tarballs
  let app: string

  beforeAll(async () => {
    tarballs = await packAll()
    app = join(tarballs.folder, 'notes')
    const isOwn = (path: string) => !MADE.includes(basename(path))
    await cp(join(ROOT, 'examples/notes'), app, { recursive: true, filter: isOwn })
    await npmInstall(app)
  })

  afterAll(() => removeTarballs(tarballs))

  /** Starts what `npm start` starts. */
  async function startServer() {
    const [port, hubPort] = [await freePort(), await freePort()]
    const server = await ProgramProcess.start('index.js', {
      PORT: String(port),
      DATA_DIR: await dataFolder(),
      DEV_HUB_PORT: String(hubPort),
      DEV_HUB_GRPC_PORT: '0',
    })
    await server.printed(/users log in at/)
    return {
      LOGIN_SERVER: `http://127.0.0.1:${port}`,
      VITE_HUB_URL: `http://127.0.0.1:${hubPort}`,
    }
  }

  async function open(url: string): Promise<{ page: Page; complaints: string[] }> {
    const page = await openPage()
    page.setDefaultTimeout(PATIENCE_MS)
    const complaints = complaintsOf(page)
    await page.goto(url)
    return { page, complaints }
  }

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
  const user = async (page: Page) => page.locator('.user code').textContent()

  it('builds, and keeps notes and pictures of a user over reloads, until the user logs out', async () => {
    const server = await startServer()
    const env = { PATH: process.env.PATH, ...server }
    await runTool(join(app, 'node_modules/typescript/bin/tsc'), [], { cwd: app, env })
    await runTool(join(app, 'node_modules/vite/bin/vite.js'), ['build'], { cwd: app, env })
    const { page, complaints } = await open(await serveWithVite(app, 'preview', server))
    const me = await user(page)

    await button(page, 'Log in').click()
    await page.getByText('No notes yet.').waitFor()
    await page.getByLabel('New note').fill('buy milk')
    await button(page, 'Keep').click()
    await page.getByText('buy milk', { exact: true }).first().waitFor()
    await page.getByLabel('New picture').setInputFiles({
      name: 'red.png',
      mimeType: 'image/png',
      buffer: RED_PIXEL,
    })
    await showsPicture(page)

    await page.reload()
    await page.getByText('buy milk', { exact: true }).first().waitFor()
    await showsPicture(page)
    expect(await user(page)).toBe(me)

    await button(page, 'Delete buy milk').click()
    await page.getByText('No notes yet.').waitFor()
    await button(page, 'Delete red.png').click()
    await page.getByText('No pictures yet.').waitFor()

    await button(page, 'Log out').click()
    await page.reload()
    await button(page, 'Log in').waitFor()
    expect(await page.getByLabel('New note').count()).toBe(0)
    expect(await user(page)).toBe(me)
    expect(complaints).toEqual([])
  })

  it('runs in development, in StrictMode, and says so when the login server is down', async () => {
    const server = await startServer()
    const { page, complaints } = await open(await serveWithVite(app, 'dev', server))
    await button(page, 'Log in').click()
    await page.getByText('No notes yet.').waitFor()
    await page.getByText('No pictures yet.').waitFor()
    expect(complaints).toEqual([])

    const nowhere = { ...server, LOGIN_SERVER: `http://127.0.0.1:${await freePort()}` }
    const lost = await open(await serveWithVite(app, 'dev', nowhere))
    await button(lost.page, 'Log in').click()
    await lost.page
      .getByRole('alert')
      .filter({ hasText: /cannot be reached/ })
      .waitFor()
  })

  async function showsPicture(page: Page): Promise<void> {
    await page.getByRole('img', { name: 'red.png' }).waitFor()
    const width = () => page.evaluate('document.querySelector("img").naturalWidth')
    await expect.poll(width).toBe(1)
  }
})
