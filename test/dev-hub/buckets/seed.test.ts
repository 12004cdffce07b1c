import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PrivateKey } from '@textile/hub'
import { expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { readSeed } from '../../../src/dev-hub/seed/seed-file.js'
import { dataFolder } from '../../support/data-folder.js'
import { loggedIn } from '../logged-in.js'
import { pathsOf, pull } from './with-bucket.js'

const apiKey = createApiKey()

/** A seed with a bucket of one user, from a folder beside the file. */
async function seedFile(user: PrivateKey, folder: string): Promise<string> {
  const home = await dataFolder()
  await mkdir(join(home, 'site/css'), { recursive: true })
  await writeFile(join(home, 'site/index.html'), '<h1>hello</h1>')
  await writeFile(join(home, 'site/css/main.css'), 'p {}')
  const file = join(home, 'seed.json')
  const users = { ada: { pubkey: user.public.toString() } }
  await writeFile(
    file,
    JSON.stringify({ users, buckets: [{ owner: 'ada', name: 'site', folder }] }),
  )
  return file
}

it('a seed fills a bucket from a folder, once', async () => {
  const ada = PrivateKey.fromRandom()
  const [dataDir, file] = [await dataFolder(), await seedFile(ada, 'site')]
  for (let start = 0; start < 2; start += 1) {
    const seed = readSeed(file, '--seed')
    const hub = await startDevHub({ apiKeys: [apiKey], dataDir, seed })
    const { buckets } = await loggedIn(hub, apiKey, ada)
    const { root } = await buckets.getOrCreate('site')
    const key = root?.key ?? ''
    const paths = start === 0 ? ['css', 'css/main.css', 'index.html'] : ['css', 'css/main.css']
    expect(await pathsOf(buckets, key)).toEqual(paths)
    expect(await pull(buckets, key, 'css/main.css')).toBe('p {}')
    expect(await buckets.existing()).toHaveLength(1)
    // What the user removes stays removed.
    if (start === 0) await buckets.removePath(key, 'index.html')
    await hub.close()
  }
})

it('a seed whose folder is missing is refused, with what is wrong', async () => {
  const file = await seedFile(PrivateKey.fromRandom(), 'nope')
  expect(() => readSeed(file, 'DEV_HUB_SEED')).toThrow(/^DEV_HUB_SEED: .*nope is no folder$/m)
})

it('a seed with a file that a bucket may not have is refused', async () => {
  const file = await seedFile(PrivateKey.fromRandom(), 'site')
  await writeFile(join(file, '../site/.textileseed'), 'x')
  const starting = startDevHub({ seed: readSeed(file, '--seed') })
  onTestFinished(() => starting.then((hub) => hub.close()).catch(() => {}))
  await expect(starting).rejects.toThrow('bucket "site" of ada: paths containing .textileseed')
})
