import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.js'
import { PROGRAMS } from '../support/programs.js'
import { addInstance, createBucket, createNotes, DESK, PHONE, visitLoggedIn } from './workbench.js'

describe.skipIf(!PROGRAMS.chromium)(
  'the workbench, used by hand, keyboard or screen reader,',
  () => {
    let browser: Browser

    beforeAll(async () => {
      browser = await launchBrowser()
    })

    afterAll(() => browser.close())

    it('shows errors where the finger is, on a phone', async () => {
      const { page } = await visitLoggedIn(browser, PHONE)
      await createNotes(page)
      await page.getByLabel('Collection', { exact: true }).fill('notes')
      const cases: readonly (readonly [button: string, problem: RegExp])[] = [
        ['Create collection', /The schema is no JSON/],
        ['Add instance', /The instance is no JSON/],
        ['Find', /collection not found/],
        ['Create database', /a thread of this name/],
      ]
      await page.getByLabel('Name of a new collection').fill('others')
      await page.getByLabel(/^Schema of its instances/).fill('{')
      await page.getByLabel('A new instance').fill('{')
      await page.getByLabel('Collection', { exact: true }).fill('missing')
      await page.getByLabel('Name of a new database').fill('notes')
      for (const [name, problem] of cases) {
        const button = page.getByRole('button', { name })
        await button.click()
        const alert = page.getByRole('alert').filter({ hasText: problem })
        await alert.waitFor()
        const [buttonBox, alertBox] = [await button.boundingBox(), await alert.boundingBox()]
        const bottom = (alertBox?.y ?? 0) + (alertBox?.height ?? 0)
        expect(alertBox?.y, name).toBeGreaterThan(buttonBox?.y ?? 0)
        expect(bottom, name).toBeLessThanOrEqual(PHONE.viewport.height)
        expect((alertBox?.y ?? 0) - (buttonBox?.y ?? 0), name).toBeLessThan(120)
      }
    })

    it('copies, and says so', async () => {
      const permissions = ['clipboard-read', 'clipboard-write']
      const { page } = await visitLoggedIn(browser, { permissions })
      const copied = () => page.evaluate('navigator.clipboard.readText()')
      await page.getByRole('button', { name: 'Copy your public key' }).click()
      await page.getByText('Copied your public key.').waitFor()
      expect(await copied()).toBe(await page.locator('#public-key').textContent())
      await createNotes(page)
      await page.getByRole('button', { name: 'Copy the ID of notes' }).click()
      await page.getByText('Copied the ID of notes.').waitFor()
      expect(await copied()).toBe(await page.locator('#database-list code').textContent())
    })

    it('says so where the browser does not let it copy', async () => {
      const { page } = await visitLoggedIn(browser)
      await page.evaluate('navigator.clipboard.writeText = () => Promise.reject(new Error())')
      await page.getByRole('button', { name: 'Copy your public key' }).click()
      await page.getByText(/Select the text and copy it yourself/).waitFor()
    })

    it('can be used with the keyboard alone', async () => {
      const { page } = await visitLoggedIn(browser)
      const tabTo = async (selector: string): Promise<void> => {
        const isThere = () =>
          page.locator(selector).evaluate((element) => element.matches(':focus'))
        for (let step = 0; step < 60 && !(await isThere()); step += 1)
          await page.keyboard.press('Tab')
        expect(await isThere(), selector).toBe(true)
      }
      await tabTo('#database-name')
      await page.keyboard.type('notes')
      await page.keyboard.press('Enter')
      await page.getByText('no collection yet').waitFor()
      await tabTo('#collection-name')
      await page.keyboard.type('notes')
      await page.keyboard.press('Enter')
      await page.locator('#collection-list summary').waitFor()
      await tabTo('#instance-collection')
      await page.keyboard.type('notes')
      await page.keyboard.press('Enter')
      await page.getByText('nothing found').waitFor()
      await tabTo('#bucket-name')
      await page.keyboard.type('files')
      await page.keyboard.press('Enter')
      await page.getByText('no file yet').waitFor()
      await tabTo('#set-up-mailbox')
      await page.keyboard.press('Enter')
      await page.getByText('no message yet').waitFor()
      await page.locator('#public-key').click()
      await tabTo('#call-scroll')
    })

    it.each([
      { colorScheme: 'light', ...PHONE },
      { colorScheme: 'light', ...DESK },
      { colorScheme: 'dark', ...PHONE },
      { colorScheme: 'dark', ...DESK },
    ])(
      'is accessible with all of it open, in $colorScheme, $viewport.width pixels wide',
      async (options) => {
        const { page, complaints } = await visitLoggedIn(browser, options)
        await createNotes(page)
        await page.getByText('Schema of notes').click()
        await page.getByLabel('Collection', { exact: true }).fill('notes')
        await addInstance(page, { _id: 'first', text: 'a long text '.repeat(20) })
        await page.getByText('Found 1.').waitFor()
        await createBucket(page, 'files', true)
        await page.getByLabel('Files to upload').setInputFiles([
          {
            name: `${'long'.repeat(30)}.txt`,
            mimeType: 'text/plain',
            buffer: Buffer.from('hello'),
          },
        ])
        await page.getByRole('button', { name: 'Upload', exact: true }).click()
        await page.getByText(/^Uploaded/).waitFor()
        await page.getByRole('button', { name: 'Set up mailbox' }).click()
        await page.getByText('no message yet').waitFor()
        await page.getByLabel('Message', { exact: true }).fill('hello')
        await page.getByRole('button', { name: 'Send message' }).click()
        await page.getByRole('button', { name: 'Mark as read' }).waitFor()
        await addInstance(page, 'no JSON')
        await page.getByText(/^The instance is no JSON/).waitFor()
        await page.locator('.failed, #call-rows td').first().waitFor()
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(violations.map(({ id, impact, nodes }) => [id, impact, nodes[0]?.html])).toEqual([])
        const width = await page.locator('html').evaluate((html) => html.scrollWidth)
        expect(width).toBeLessThanOrEqual(options.viewport.width)
        expect(complaints).toEqual([])
      },
    )
  },
)
