import { expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { openPage } from '../../support/browser.js'
import { PROGRAMS } from '../../support/programs.js'
import { withBucket } from './with-bucket.js'

const apiKey = createApiKey()

/** A page that would read what others at its address have stored. */
const CURIOUS_PAGE = `<!doctype html><title>quiet</title><h1>hello</h1>
<script>document.title = 'loud'</script>`

it.skipIf(!PROGRAMS.chromium)(
  'the gateway shows pages in a browser, and lets them run no scripts',
  async () => {
    const hub = await startDevHub({ apiKeys: [apiKey] })
    onTestFinished(() => hub.close())
    const { buckets, key, push } = await withBucket(hub, apiKey)
    await push('site/index.html', CURIOUS_PAGE)
    const page = await openPage()

    await page.goto((await buckets.links(key)).url)
    await page.getByRole('link', { name: 'site' }).click()
    await page.getByRole('link', { name: 'index.html' }).click()
    await page.getByRole('heading', { name: 'hello' }).waitFor()
    expect(await page.title()).toBe('quiet')
    expect(await page.evaluate('origin')).toBe('null')
  },
)
