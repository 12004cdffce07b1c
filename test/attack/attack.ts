/**
 * Attacks a server from one address, in one way after another, while honest users log in from
 * others, and prints how they fared and what was left. Exits with 1 where one honest login failed,
 * or anything was left.
 */
import { parseArgs } from 'node:util'
import { startSetup } from '../soak/processes.js'
import { ATTACKS } from './attacks.js'
import { countLeft, measure, type Outcome, p50 } from './measure.js'

/** What the server has open beside clients varies: connections to the Hub that wait for calls. */
const FILES_MARGIN = 16

const { values } = parseArgs({
  options: {
    logins: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
    only: { type: 'string' },
  },
})

const { only } = values
const effort = { logins: Number(values.logins), seconds: Number(values.seconds) }
// The limits are the usual ones, but for a user's own: few identities log in here, and often.
const setup = await startSetup({ loginsPerMinutePerKey: Number.POSITIVE_INFINITY })
const names = Object.keys(ATTACKS).filter((name) => only === undefined || name.includes(only))
// What is loaded on first use counts as the start.
await measure('pings', setup, '127.0.3.1', { logins: 200, seconds: 0 })
print(
  `| attack | honest logins in | p50 ms, ÷ quiet | connections, of them sockets | files | MB after ÷ before | log bytes |
|---|---|---|---|---|---|---|`,
)
for (const [index, name] of names.entries()) {
  // Each comes from an address of its own, against which nothing is held yet.
  const outcome = await measure(name, setup, `127.0.3.${index + 10}`, effort)
  print(`| ${rowOf(outcome).join(' | ')} |`)
  for (const fault of findFaults(outcome)) {
    print(`FAILED: ${name}: ${fault}`)
    process.exitCode = 1
  }
}
setup.stop()

function rowOf({ name, quiet, attacked, during, before, after }: Outcome): string[] {
  const kept = ({ memory }: typeof before) => memory.heapUsed + memory.external
  return [
    name,
    `${attacked.times.length} of ${attacked.asked}`,
    `${p50(attacked).toFixed(1)}, ${(p50(attacked) / p50(quiet)).toFixed(2)}`,
    `${during.counts.connections}, ${during.counts.sockets}`,
    `${before.files} → ${during.files} → ${after.files}`,
    `${(kept(after) / 1e6).toFixed(1)}, ${(kept(after) / kept(before)).toFixed(3)}`,
    `${during.logBytes - before.logBytes}`,
  ]
}

function findFaults({ quiet, attacked, before, after }: Outcome): string[] {
  const faults = [...quiet.failures, ...attacked.failures].map((text) => `a login failed: ${text}`)
  if (countLeft(after) > 0) faults.push(`left: ${JSON.stringify(after.counts)}`)
  if (after.files > before.files + FILES_MARGIN) faults.push(`${after.files} files are open`)
  return faults
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
