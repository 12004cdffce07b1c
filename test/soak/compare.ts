import { resolve } from 'node:path'
import { Contender } from '../bench/contender.js'
import { load } from '../bench/load.js'
import { median } from '../bench/median.js'
import { startHub } from './processes.js'

/** How many logins a round has, how many of them run at once, and how many rounds count. */
const LOGINS = 1_500
const AT_ONCE = 8
const ROUNDS = 6

const UNLIMITED = { LOGINS_PER_MINUTE_PER_IP: '0', LOGINS_PER_MINUTE_PER_KEY: '0' }

/**
 * Prints how much CPU time an honest login takes here and in another checkout, built before: in
 * turns, so that whatever else the machine does hits both.
 *
 * @param folder - the other checkout
 */
export async function compare(folder: string): Promise<void> {
  const hub = await startHub()
  const environment = { ...hub.environment, ...UNLIMITED }
  const server = ['dist/index.js']
  const there = await Contender.start('there', server, environment, resolve(folder))
  const here = await Contender.start('here', server, environment)
  const costs = new Map<Contender, number[]>([
    [there, []],
    [here, []],
  ])
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [contender, perLogin] of costs) {
      const before = await contender.cpu()
      await load(contender.url, LOGINS, AT_ONCE)
      const spent = (await contender.cpu()) - before
      // The first round warms up.
      if (round > 0) perLogin.push(spent / LOGINS)
    }
  }
  for (const contender of costs.keys()) await contender.stop()
  hub.stop()
  const [old = Number.NaN, now = Number.NaN] = [...costs.values()].map(median)
  process.stdout.write(`there  ${old.toFixed(3)} ms of CPU for each login
here   ${now.toFixed(3)} ms
ratio  ${(now / old).toFixed(3)} x, median of ${ROUNDS} rounds of ${LOGINS} logins
`)
}
