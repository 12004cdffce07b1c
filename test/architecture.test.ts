import { readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { OPTIONAL_PACKAGES } from '../src/dev-hub/domains.js'

const SRC = resolve(import.meta.dirname, '../src')

/** The longest that a file may be, in lines. */
const MAX_LINES = 250

/** What everything may import. */
const ROOT = ['protocol', 'log', 'deadline']

/**
 * What each folder of `src`, and each file at its root, may import: itself aside, these and
 * nothing else. Types and dynamic imports count.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  log: [],
  deadline: [],
  types: [],
  keys: ROOT,
  grpc: ROOT,
  sqlite: ROOT,
  limits: [...ROOT, 'keys', 'grpc', 'sqlite'],
  users: [...ROOT, 'keys', 'grpc', 'sqlite'],
  hub: [...ROOT, 'keys', 'grpc', 'limits'],
  login: [...ROOT, 'keys', 'grpc', 'limits', 'users', 'hub'],
  http: [...ROOT, 'keys', 'limits', 'users', 'hub', 'login', 'demo'],
  metrics: [...ROOT, 'limits', 'login', 'http'],
  config: [...ROOT, 'keys', 'limits', 'users', 'hub', 'login', 'http', 'metrics'],
  app: [
    ...ROOT,
    ...['keys', 'limits', 'users', 'hub', 'login', 'http', 'metrics', 'config', 'dev-hub'],
  ],
  client: ['protocol'],
  demo: ['client', 'protocol', 'deadline'],
  'dev-hub': [...ROOT, 'keys', 'grpc', 'sqlite', 'config', 'process'],
  process: ['log'],
  cli: [...ROOT, 'keys', 'users', 'config', 'client', 'demo', 'dev-hub', 'index'],
  server: [...ROOT, 'app', 'config', 'demo', 'http', 'hub', 'keys', 'limits', 'login', 'users'],
  index: [...ROOT, 'app', 'config', 'process'],
}

/** What is loaded only where it is asked for: never imported but dynamically, or for its types. */
const LOADED_LAZILY: readonly (readonly [target: RegExp, importers: readonly string[]])[] = [
  [/^dev-hub\//, ['app/parts.ts']],
  [/^metrics\//, ['app/parts.ts']],
  [/^limits\/redis-rate-limits\./, ['app/parts.ts']],
  [/^users\/authorize-webhook\./, ['app/parts.ts']],
  [/^users\/(postgres|sqlite)\./, ['users/open-user-store.ts']],
  [/^demo\/demo\./, ['http/server.ts']],
]

interface Import {
  readonly target: string
  readonly isType: boolean
  readonly isDynamic: boolean
}

let sources: ReadonlyMap<string, string>
let imports: ReadonlyMap<string, readonly Import[]>

beforeAll(async () => {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => /\.tsx?$/.test(file))
  const read = files.map(
    async (file) => [posix(file), await readFile(join(SRC, file), 'utf8')] as const,
  )
  sources = new Map(await Promise.all(read))
  imports = new Map([...sources].map(([file, source]) => [file, findImports(file, source)]))
})

function findImports(file: string, source: string): Import[] {
  const found = source.matchAll(
    /(?:(import|export)\s+(type\s)?[^'";]*?from\s*|import\s*|(import)\(\s*)'(\.[^']+)'/g,
  )
  return [...found].map(([, , type, dynamic, specifier = '']) => ({
    target: posix(relative(SRC, resolve(SRC, file, '..', specifier))),
    isType: type !== undefined,
    isDynamic: dynamic !== undefined,
  }))
}

function posix(path: string): string {
  return path.split(sep).join('/')
}

/** The folder that a file is in, or its own name where it is at the root. */
function roomOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.[jt]s$/, '')
}

describe('the layout of src', () => {
  it('has every room in the table of what it may import', () => {
    const rooms = new Set([...sources.keys()].map(roomOf))
    expect([...rooms].sort()).toEqual(Object.keys(ALLOWED).sort())
  })

  it('has dependencies that point one way', () => {
    const wrong = [...imports].flatMap(([file, found]) => {
      const room = roomOf(file)
      const may = [room, ...(ALLOWED[room] ?? [])]
      return found
        .filter(({ target }) => !may.includes(roomOf(target)))
        .map((i) => [file, i.target])
    })
    expect(wrong).toEqual([])
  })

  it('has no circle, of folders or of files', () => {
    const files = new Map(
      [...imports].map(([file, found]) => [
        file,
        found.map(({ target }) => target.replace(/\.js$/, '.ts')),
      ]),
    )
    const rooms = new Map<string, string[]>()
    for (const [file, targets] of files) {
      const others = targets.map(roomOf).filter((room) => room !== roomOf(file))
      rooms.set(roomOf(file), [...(rooms.get(roomOf(file)) ?? []), ...others])
    }
    expect(findCircle(rooms)).toBeUndefined()
    expect(findCircle(files)).toBeUndefined()
  })

  it('has at most six files at the root, none over 250 lines', () => {
    const files = [...sources.keys()]
    expect(files.filter((file) => !file.includes('/')).length).toBeLessThanOrEqual(6)
    const lines = [...sources].map(([file, source]) => [file, source.split('\n').length - 1])
    expect(lines.filter(([, count]) => Number(count) > MAX_LINES)).toEqual([])
  })

  it.each(LOADED_LAZILY)('loads %s only where it is asked for', (target, importers) => {
    const outside = [...imports].filter(([file]) => !target.test(file))
    for (const [file, found] of outside) {
      const loading = found.filter((one) => target.test(one.target) && !one.isType)
      if (loading.length === 0 || isEntry(file)) continue
      expect(importers, file).toContain(file)
      expect(
        loading.every(({ isDynamic }) => isDynamic),
        file,
      ).toBe(true)
    }
  })

  it('has a login that knows neither sockets nor Koa', () => {
    const login = [...sources].filter(([file]) => roomOf(file) === 'login')
    for (const [file, source] of login) expect(source, file).not.toMatch(/from '(ws|koa[^']*)'/)
  })

  it('has what prom-client takes in metrics alone', () => {
    const users = [...sources].filter(([, source]) => source.includes("'prom-client'"))
    expect(users.filter(([file]) => roomOf(file) !== 'metrics')).toEqual([])
  })
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

/** Whether a file is a program of its own, which loads what it is for. */
function isEntry(file: string): boolean {
  return roomOf(file) === 'cli' || file === 'dev-hub/main.ts'
}

/** A way from a node back to itself, or `undefined` where there is none. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (node: string, path: string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return undefined
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next, [...path, node])
      if (circle) return circle
    }
    done.add(node)
    return undefined
  }
  for (const node of graph.keys()) {
    const circle = visit(node, [])
    if (circle) return circle
  }
  return undefined
}
