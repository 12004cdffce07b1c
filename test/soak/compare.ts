import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { logIn } from './clients.js'

/** How many logins a round has, how many of them run at once, and how many rounds count. */
const LOGINS = 1_500
const AT_ONCE = 8
const ROUNDS = 6

/** How long one of the kernel's clock ticks is, in ms. */
const TICK_MS = 10

const UNLIMITED = { LOGINS_PER_MINUTE_PER_IP: '0', LOGINS_PER_MINUTE_PER_KEY: '0' }

/** A server as `npm start` runs it, with its built-in Hub elsewhere. */
interface Contender {
  readonly url: string
  readonly pid: number
  readonly perLogin: number[]
  stop(): void
}

/**
 * Prints how much CPU time an honest login takes here and in another checkout, built before: in
 * turns, so that whatever else the machine does hits both.
 *
 * @param folder - the other checkout
 */
export async function compare(folder: string): Promise<void> {
  const root = join(import.meta.dirname, '../..')
  const hub = spawn(process.execPath, [join(root, 'dist/dev-hub/main.js'), '--json'], {
    env: { ...process.env, DEV_HUB_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(hub.stdout, 'data')
  const { url, key, secret } = JSON.parse(String(line))
  const environment = { HUB_URL: url, USER_API_KEY: key, USER_API_SECRET: secret, ...UNLIMITED }
  const there = await start(resolve(folder), environment)
  const here = await start(root, environment)
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const contender of [there, here]) {
      const before = await cpuOf(contender)
      await load(contender.url)
      const spent = (await cpuOf(contender)) - before
      // The first round warms up.
      if (round > 0) contender.perLogin.push(spent / LOGINS)
    }
  }
  for (const process of [there, here, { stop: () => hub.kill('SIGTERM') }]) process.stop()
  const [old, now] = [median(there.perLogin), median(here.perLogin)]
  process.stdout.write(`there  ${old.toFixed(3)} ms of CPU for each login
here   ${now.toFixed(3)} ms
ratio  ${(now / old).toFixed(3)} x, median of ${ROUNDS} rounds of ${LOGINS} logins
`)
}

async function start(root: string, environment: object): Promise<Contender> {
  const server = spawn(process.execPath, [join(root, 'dist/index.js')], {
    env: { ...process.env, ...environment, PORT: '0', HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  for await (const data of server.stdout) {
    output += data
    const [, url] = /users log in at (ws:\S+?userauth)/.exec(output) ?? []
    if (url) {
      // What it logs from here on is read, and dropped.
      server.stdout.resume()
      return { url, pid: server.pid ?? 0, perLogin: [], stop: () => server.kill('SIGTERM') }
    }
  }
  throw new Error(`${root} does not start: ${output}`)
}

async function load(url: string): Promise<void> {
  let left = LOGINS
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await logIn(url)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** User and system time of a process since its start, in ms, as Linux tells it. */
async function cpuOf({ pid }: Contender): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name, which may hold anything, ends with the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
