import { Agent, request } from 'node:http'
import { RENEWAL_PATH } from '../../src/protocol.js'
import { randomIdentity } from '../support/identity.js'
import { renewalOf } from '../support/renewal.js'
import { TestApp } from '../support/test-app.js'
import type { Contender } from './contender.js'
import { repeat } from './load.js'
import { measureRound, type Round, sumUp } from './round.js'

/** How many users have logged in, and renew in turn. */
const USERS = 100

/** How many renewals there are for each login: each costs so little. */
const RENEWALS_PER_LOGIN = 5

/** Loopback addresses to come from: one has too few ports for so many connections a minute. */
const ADDRESSES = 100

/** What a benchmark of renewals found of one way to ask for them, or of logins. */
interface Result {
  readonly name: string
  readonly cpuEach: number
  readonly eachPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly failures: number
}

/** Compares logins with renewals at one server, in rounds that take turns. */
export async function measureRenewals(
  contender: Contender,
  { rounds, logins, atOnce }: { rounds: number; logins: number; atOnce: number },
): Promise<Result[]> {
  const renewals = await logInAll(contender.url)
  const kept = new Agent({ keepAlive: true, maxSockets: atOnce })
  const ways: [name: string, measure: () => Promise<Round>][] = [
    ['login, gRPC', () => measureRound(contender, logins, atOnce)],
    ['renewal, keep-alive', () => measure(kept)],
    ['renewal, new connection', () => measure(false)],
  ]
  const measure = (agent: Agent | false) => {
    const count = logins * RENEWALS_PER_LOGIN
    let next = 0
    const renew = () => {
      next += 1
      return renewOnce(contender.url, renewals[next % renewals.length] ?? '', agent, next)
    }
    return measureRound(contender, count, atOnce, () => repeat(renew, count, atOnce))
  }
  const taken = ways.map((): Round[] => [])
  // The first round warms up, and counts for nothing.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, [, measureWay]] of ways.entries()) {
      const found = await measureWay()
      if (round > 0) taken[index]?.push(found)
    }
  }
  kept.destroy()
  return ways.map(([name], index) => {
    const { cpu, perSecond, p50, p99, failures } = sumUp(taken[index] ?? [])
    return { name, cpuEach: cpu, eachPerSecond: perSecond, p50, p99, failures }
  })
}

/** Logs users in. @returns their renewals */
async function logInAll(url: string): Promise<string[]> {
  const renewals: string[] = []
  for (let user = 0; user < USERS; user += 1) {
    const app = await TestApp.connect(url)
    renewals.push(renewalOf(await app.login(randomIdentity())))
    app.leave()
  }
  return renewals
}

/** Asks for one renewal. @returns how long it took, in ms. @throws where it is refused */
async function renewOnce(
  url: string,
  renewal: string,
  agent: Agent | false,
  number: number,
): Promise<number> {
  const start = performance.now()
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const asked = request(new URL(RENEWAL_PATH, url.replace(/^ws/, 'http')), {
      method: 'POST',
      agent,
      localAddress: agent ? '127.0.0.1' : `127.0.0.${(number % ADDRESSES) + 2}`,
      headers: { 'content-type': 'application/json' },
    })
    asked.on('error', reject)
    asked.on('response', (response) => {
      response.on('error', reject)
      response.resume().on('end', () => resolve(response.statusCode))
    })
    asked.end(JSON.stringify({ renewal }))
  })
  if (status !== 200) throw new Error(`the renewal got ${status}`)
  return performance.now() - start
}
