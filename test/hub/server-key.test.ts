import { expect, it } from 'vitest'
import type { KeyKind } from '../../src/hub/key-check.js'
import { ServerKey } from '../../src/hub/server-key.js'

const OLD = { key: 'bold', secret: new Uint8Array(24).fill(1) }
const NEW = { key: 'bnew', secret: new Uint8Array(24).fill(2) }

/** A key whose checks end when, and as, the test says. */
function openKey() {
  const checks = new Map<string, (kind: KeyKind) => void>()
  const serverKey = new ServerKey(
    OLD,
    ({ key }) => new Promise((resolve) => checks.set(key, resolve)),
  )
  const finish = (key: string, action: KeyKind['action']) => checks.get(key)?.({ action, text: '' })
  return { serverKey, finish }
}

it('has the key that it was made with until another has passed', async () => {
  const { serverKey, finish } = openKey()
  const refused = serverKey.replace(NEW)
  finish(NEW.key, 'refuse')
  expect(await refused).toMatchObject({ action: 'refuse' })
  expect(serverKey.apiKey).toBe(OLD)
  const passed = serverKey.replace(NEW)
  expect(serverKey.apiKey).toBe(OLD)
  finish(NEW.key, 'run')
  expect(await passed).toMatchObject({ action: 'run' })
  expect(serverKey.state).toBe('confirmed')
  expect(serverKey.apiKey).toBe(NEW)
})

it('ignores what the Hub says of a key that was replaced meanwhile', async () => {
  const { serverKey, finish } = openKey()
  const old = serverKey.check()
  const fresh = serverKey.replace(NEW)
  finish(NEW.key, 'run')
  await fresh
  finish(OLD.key, 'refuse')
  expect(await old).toBeUndefined()
  expect(serverKey.apiKey).toBe(NEW)
})
