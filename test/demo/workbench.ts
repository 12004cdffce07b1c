import type { Browser, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { startDevHub } from '../../src/dev-hub/hub.js'
import { RecentCalls } from '../../src/dev-hub/worker/recent-calls.js'
import { decodeKey } from '../support/api-key.js'
import { startLoginServer } from '../support/login-server.js'
import { logIn, visit } from './visit.js'

export const PHONE = { viewport: { width: 375, height: 667 } }
export const DESK = { viewport: { width: 1280, height: 900 } }

/** Starts a server whose page tells of its Hub's calls. */
async function startWithCalls() {
  const calls = new RecentCalls()
  const hub = await startDevHub({ callEnded: (call) => calls.add([call]) })
  onTestFinished(() => hub.close())
  const demo = { hubUrl: hub.url, calls }
  const server = await startLoginServer(hub.url, decodeKey(hub.apiKeys[0]), { demo })
  return { hub, calls, server }
}

/** Visits logged in, with the dev Hub behind the server. */
export async function visitLoggedIn(browser: Browser, options = {}) {
  const setup = await startWithCalls()
  const visited = await visit(browser, setup.server, options)
  await logIn(visited.page)
  return { ...setup, ...visited }
}

export async function createNotes(page: Page): Promise<void> {
  await page.getByLabel('Name of a new database').fill('notes')
  await page.getByRole('button', { name: 'Create database' }).click()
  await page.getByText('no collection yet').waitFor()
  await page.getByLabel('Name of a new collection').fill('notes')
  await page.getByRole('button', { name: 'Create collection' }).click()
  await page.locator('#collection-list summary').waitFor()
}

/** @param instance - as JSON, or a text that is put there as it is */
export async function addInstance(page: Page, instance: object | string): Promise<void> {
  const text = typeof instance === 'string' ? instance : JSON.stringify(instance)
  await page.getByLabel('A new instance').fill(text)
  await page.getByRole('button', { name: 'Add instance' }).click()
}

export async function createBucket(page: Page, name: string, isPrivate: boolean): Promise<void> {
  await page.getByLabel('Name of a new bucket').fill(name)
  await page.getByLabel('Private: encrypted by the Hub').setChecked(isPrivate)
  await page.getByRole('button', { name: 'Create bucket' }).click()
  await page.getByText('no file yet').waitFor()
}
