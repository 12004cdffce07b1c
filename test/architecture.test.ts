import { readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { OPTIONAL_PACKAGES } from '../src/dev-hub/domains.js'

const SRC = resolve(import.meta.dirname, '../src')

/** The files of `src` and, for each, the files of `src` that it imports, statically or not. */
async function importsByFile(): Promise<Map<string, string[]>> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const entries = files.map(async (file): Promise<[string, string[]]> => {
    const source = await readFile(join(SRC, file), 'utf8')
    const specifiers = [...source.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)]
    const targets = specifiers.map(([, target = '']) =>
      relative(SRC, resolve(SRC, file, '..', target)),
    )
    return [file, targets]
  })
  return new Map(await Promise.all(entries))
}

it('only the entry that starts it, and the dev Hub itself, import the dev Hub', async () => {
  const imports = await importsByFile()
  const importers = [...imports].filter(([, targets]) =>
    targets.some((target) => target.startsWith('dev-hub/')),
  )
  const outside = importers.map(([file]) => file).filter((file) => !file.startsWith('dev-hub/'))
  expect(outside).toEqual(['app/start.ts'])
})

it('the wire imports neither server nor client, nor anything else', async () => {
  expect((await importsByFile()).get('protocol.ts')).toEqual([])
})

it('a database driver is loaded only with the adapter that is configured', async () => {
  const source = await readFile(join(SRC, 'users/open-user-store.ts'), 'utf8')
  expect(source).not.toMatch(/from '\.\/(postgres|sqlite)[^']*'/)
  const importers = [...(await importsByFile())]
    .filter(([, targets]) => targets.some((target) => /^users\/(postgres|sqlite)\./.test(target)))
    .map(([file]) => file)
  expect(importers).toEqual(['users/open-user-store.ts'])
})

it('a login knows neither sockets nor Koa', async () => {
  const source = await readFile(join(SRC, 'login/login.ts'), 'utf8')
  expect(source).not.toMatch(/from '(ws|koa[^']*)'/)
})

it('what metrics take is loaded only where they are asked for', async () => {
  const imports = await importsByFile()
  const outside = [...imports].filter(([file]) => !file.startsWith('metrics/'))
  for (const [file, targets] of outside) {
    const source = await readFile(join(SRC, file), 'utf8')
    expect(source, file).not.toContain("'prom-client'")
    const metrics = targets.filter((target) => target.startsWith('metrics/'))
    if (metrics.length === 0) continue
    const loaded = [...source.matchAll(/^import (?!type)[^'(]*'(\.\.?\/metrics\/[^']*)'/gm)]
    expect(loaded, file).toEqual([])
    expect(['config/config.ts', 'app/with-metrics.ts']).toContain(file)
  }
})

it('Redis is loaded only where it is configured', async () => {
  const importers = [...(await importsByFile())]
    .filter(([, targets]) => targets.some((target) => target.startsWith('limits/redis-')))
    .map(([file]) => file)
  expect(importers).toEqual(['app/start.ts'])
  expect(await readFile(join(SRC, 'app/start.ts'), 'utf8')).not.toMatch(/from '\.\.\/limits\/redis/)
})

it('what only the dev Hub needs is an optional peer, and its packages are loaded with it', async () => {
  const { peerDependencies, peerDependenciesMeta, devDependencies, dependencies } = JSON.parse(
    await readFile(resolve(SRC, '../package.json'), 'utf8'),
  )
  expect(Object.keys(peerDependencies).sort()).toEqual([...OPTIONAL_PACKAGES].sort())
  for (const name of OPTIONAL_PACKAGES) {
    expect(peerDependenciesMeta[name]).toEqual({ optional: true })
    expect(devDependencies[name]).toBe(peerDependencies[name])
    expect(dependencies).not.toHaveProperty(name)
  }
  // Whatever logins reach without a dynamic import.
  const reached = new Set<string>()
  const follow = async (file: string): Promise<void> => {
    if (reached.has(file)) return
    reached.add(file)
    const source = await readFile(join(SRC, file), 'utf8')
    const imports = source.matchAll(/^(?:import|export) (?!type)[^'()=;]*from '([^']+)'/gm)
    for (const [, target = ''] of imports) {
      expect(OPTIONAL_PACKAGES, file).not.toContain(target)
      if (target.startsWith('.'))
        await follow(relative(SRC, resolve(SRC, file, '..', target)).replace(/\.js$/, '.ts'))
    }
  }
  await follow('index.ts')
  await follow('dev-hub/worker/worker.ts')
  expect(reached).toContain('dev-hub/threads/registry.ts')
})
