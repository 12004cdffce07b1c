import { expect, it } from 'vitest'
import type { Hub } from '../../src/hub/hub.js'
import type { ApiKeyFinding } from '../../src/hub/key-check.js'
import { ApiKeyGate } from '../../src/hub/server-key.js'

const OLD = { key: 'bold', secret: new Uint8Array(24).fill(1) }
const NEW = { key: 'bnew', secret: new Uint8Array(24).fill(2) }

/** A Hub that takes no calls, as none is made here. */
const hub: Hub = {
  requestToken() {
    throw new Error('not asked for')
  },
}

/** A gate whose checks end when, and as, the test says. */
function openGate() {
  const checks = new Map<string, (finding: ApiKeyFinding) => void>()
  const gate = new ApiKeyGate(
    hub,
    OLD,
    ({ key }) => new Promise((resolve) => checks.set(key, resolve)),
  )
  return { gate, finish: (key: string, finding: ApiKeyFinding) => checks.get(key)?.(finding) }
}

it('has the key that it was made with until another has passed', async () => {
  const { gate, finish } = openGate()
  const refused = gate.replaceKey(NEW)
  finish(NEW.key, 'account')
  expect(await refused).toMatchObject({ outcome: 'stop' })
  expect(gate.apiKey).toBe(OLD)
  const passed = gate.replaceKey(NEW)
  expect(gate.apiKey).toBe(OLD)
  finish(NEW.key, 'secured')
  expect(await passed).toMatchObject({ outcome: 'pass' })
  expect(gate.apiKey).toBe(NEW)
})

it('does not heed what the Hub says of a key that was replaced meanwhile', async () => {
  const { gate, finish } = openGate()
  const old = gate.check()
  const fresh = gate.replaceKey(NEW)
  finish(NEW.key, 'secured')
  await fresh
  finish(OLD.key, 'unknown')
  expect(await old).toMatchObject({ outcome: 'pass' })
  expect(gate.apiKey).toBe(NEW)
})
