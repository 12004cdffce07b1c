import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.js'
import { startWithDevHub } from '../support/login-server.js'
import { PROGRAMS } from '../support/programs.js'
import { alertsOf, logIn, visit } from './visit.js'
import { addInstance, createBucket, createNotes, DESK, PHONE, visitLoggedIn } from './workbench.js'

describe.skipIf(!PROGRAMS.chromium)('the workbench, in a browser,', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launchBrowser()
  })

  afterAll(() => browser.close())

  it.each([
    ['a phone', PHONE],
    ['a desk', DESK],
  ])(
    'makes a database and a collection, adds instances and finds them, on %s',
    async (_where, options) => {
      const { page, complaints } = await visitLoggedIn(browser, options)
      await createNotes(page)
      await page.getByText('Schema of notes').click()
      await page.locator('#collection-list pre').filter({ hasText: '"required": [' }).waitFor()

      await page.getByRole('button', { name: 'notes', exact: true }).last().click()
      await page.getByText('nothing found').waitFor()
      await addInstance(page, { _id: 'first', text: 'hello' })
      await page.getByText('Added: first').waitFor()
      await addInstance(page, { _id: 'second', text: '17' })
      await page.getByText('Found 2.').waitFor()

      await page.getByLabel('Field, if any').fill('text')
      await page.getByLabel('equals').fill('hello')
      await page.getByRole('button', { name: 'Find' }).click()
      await page.getByText('Found 1.').waitFor()
      expect(await page.locator('#instance-list pre').textContent()).toContain('"_id": "first"')
      expect(await alertsOf(page)).toEqual([])
      expect(complaints).toEqual([])

      // The README's picture; `npm run screenshot` takes it anew.
      const path = process.env.SCREENSHOT
      const clip = { x: 0, y: 0, width: 1280, height: 1600 }
      if (path) await page.screenshot({ path, fullPage: true, clip })
    },
  )

  it('shows the rule for names before it is broken', async () => {
    const { page } = await visitLoggedIn(browser, PHONE)
    const field = page.getByLabel('Name of a new database')
    const rule = await field.getAttribute('aria-describedby')
    const hint = page.locator(`#${rule}`)
    expect(await hint.isVisible()).toBe(true)
    expect(await hint.textContent()).toContain('Letters and digits, with single hyphens inside')
    await field.fill('my notes')
    await page.getByRole('button', { name: 'Create database' }).click()
    expect(await field.evaluate((input) => input.matches(':user-invalid'))).toBe(true)
    await page.getByText('no database yet').waitFor()
  })

  it('says that who knows an ID may use the instances, and lets them', async () => {
    const { page, server } = await visitLoggedIn(browser)
    await page.getByText(/Whoever knows a database's ID may use its instances/).waitFor()
    await createNotes(page)
    const id = (await page.locator('#database-list code').textContent()) ?? ''

    const other = await visit(browser, server)
    await logIn(other.page)
    await other.page.getByLabel('ID of a database').fill('bafk')
    await other.page.getByRole('button', { name: 'Open database' }).click()
    await other.page.getByText('This is no ID of a database.').waitFor()
    await other.page.getByLabel('ID of a database').fill(id)
    await other.page.getByRole('button', { name: 'Open database' }).click()
    await other.page.getByText(/Only its owner sees and changes the collections/).waitFor()
    await other.page.getByLabel('Collection', { exact: true }).fill('notes')
    await addInstance(other.page, { _id: 'theirs', text: 'hello' })
    await other.page.getByText('Added: theirs').waitFor()

    await page.getByRole('button', { name: 'notes', exact: true }).last().click()
    await page.getByText('Found 1.').waitFor()
  })

  it.each([
    ['public', false],
    ['private', true],
  ])('makes a %s bucket, uploads files, and has links to them', async (_kind, isPrivate) => {
    const { page, complaints } = await visitLoggedIn(browser, PHONE)
    await createBucket(page, 'files', isPrivate)
    await page.getByText('no file yet').waitFor()
    await page.getByLabel('Files to upload').setInputFiles([
      { name: 'a b.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') },
      { name: 'large.txt', mimeType: 'text/plain', buffer: Buffer.alloc(300_000, 'x') },
    ])
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    await page.getByText('Uploaded a b.txt, large.txt.').waitFor()
    const link = page.getByRole('link', { name: 'a b.txt' })
    const opened = page.waitForEvent('popup')
    await link.click()
    await (await opened).getByText('hello').waitFor()
    const response = await fetch(
      (await page.getByRole('link', { name: 'large.txt' }).getAttribute('href')) ?? '',
    )
    expect((await response.text()).length).toBe(300_000)
    expect(await page.getByText(/its links hold your token/).isVisible()).toBe(isPrivate)
    expect(complaints).toEqual([])
  })

  it('sets up a mailbox, sends a message, shows it, and deletes it', async () => {
    const { page, complaints } = await visitLoggedIn(browser)
    await page.getByRole('button', { name: 'Set up mailbox' }).click()
    await page.getByText('no message yet').waitFor()
    await page.getByLabel('Message', { exact: true }).fill('a note to myself')
    await page.getByRole('button', { name: 'Send message' }).click()
    const message = page.locator('#message-list li').filter({ hasText: 'a note to myself' })
    await message.waitFor()
    const thisYear = String(new Date().getFullYear())
    expect(await message.textContent()).toContain(thisYear)
    await message.getByRole('button', { name: 'Mark as read' }).click()
    await message.getByText(/, read$/).waitFor()
    await message.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('no message yet').waitFor()
    expect(complaints).toEqual([])
  })

  it('tells how messages fail: to no key, to one without a mailbox', async () => {
    const { page } = await visitLoggedIn(browser)
    const own = (await page.locator('#public-key').textContent()) ?? ''
    await page.getByLabel('Message', { exact: true }).fill('hello')
    await page.getByLabel('Public key of the reader').fill('nonsense')
    await page.getByRole('button', { name: 'Send message' }).click()
    await page.getByText('This is no public key.').waitFor()
    await page.getByLabel('Public key of the reader').fill(own)
    await page.getByRole('button', { name: 'Send message' }).click()
    await page.getByText('they must set one up first').waitFor()
  })

  it('lists the calls of the built-in Hub as they come, the newest 100', async () => {
    const { page, calls } = await visitLoggedIn(browser, PHONE)
    const rows = page.locator('#call-rows tr')
    await rows.filter({ hasText: 'ListThreads' }).first().waitFor()
    await rows.filter({ hasText: 'GetToken' }).waitFor()
    await createNotes(page)
    await page.getByLabel('Name of a new database').fill('notes')
    await page.getByRole('button', { name: 'Create database' }).click()
    await rows
      .filter({ hasText: /^NewDB\d+ [A-Z_]+/ })
      .first()
      .waitFor()
    await rows.filter({ hasText: /^NewDB0 OK[\d.]+$/ }).waitFor()
    calls.add(Array.from({ length: 100 }, () => ({ path: '/a/Many', code: 7, ms: 1 })))
    await rows.filter({ hasText: 'Many7 PERMISSION_DENIED1' }).first().waitFor()
    expect(await rows.count()).toBe(100)
  })

  it('has no list of calls with a Hub that tells of none', async () => {
    const { server } = await startWithDevHub({ withDemo: true })
    const { page, complaints } = await visit(browser, server)
    await logIn(page)
    await createNotes(page)
    expect(await page.getByRole('heading', { name: 'Calls at the Hub' }).isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  it('logs out, and forgets what it showed', async () => {
    const { page, sockets } = await visitLoggedIn(browser)
    await createNotes(page)
    const name = await page.locator('#public-key').textContent()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByText('Logged out. This browser keeps the identity.').waitFor()
    expect(await page.locator('#data').isVisible()).toBe(false)
    expect(await page.locator('#fields').textContent()).toBe('')
    expect(await page.locator('#database-list').textContent()).toBe('')
    expect(
      await page.getByRole('button', { name: 'Log in' }).evaluate((b) => b.matches(':focus')),
    ).toBe(true)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('button', { name: 'notes', exact: true }).waitFor()
    expect(await page.locator('#public-key').textContent()).toBe(name)
    expect(sockets.opened).toBe(2)
  })

  it('shows nobody what another identity asked for', async () => {
    const { page } = await visitLoggedIn(browser)
    await createNotes(page)
    await page.evaluate(
      "for (const id of ['list-databases', 'new-identity']) document.getElementById(id).click()",
    )
    await logIn(page)
    expect(await page.locator('#database-list').textContent()).toBe('no database yet')
    expect(await alertsOf(page)).toEqual([])
  })
})
