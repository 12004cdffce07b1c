import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { ConfigError } from '../../src/config/config-error.js'
import { explainListenError, type ListenSettings } from '../../src/config/listen-errors.js'
import { takenPort } from '../support/ports.js'

/** What the system answers to listening there. */
async function errorOfListening(port: number, host: string): Promise<unknown> {
  const server = createServer().listen(port, host)
  return once(server, 'listening').then(
    () => expect.unreachable(`${host}:${port} can be listened on`),
    (error: unknown) => error,
  )
}

function explained(error: unknown, settings: ListenSettings): unknown {
  try {
    return explainListenError(error, settings)
  } catch (explanation) {
    return explanation
  }
}

it('names the variable of a port that is taken', async () => {
  const port = await takenPort()
  const error = await errorOfListening(port, '127.0.0.1')
  const ports = { DEV_HUB_PORT: port - 1, DEV_HUB_GRPC_PORT: port }
  expect(explained(error, { ports })).toEqual(
    new ConfigError([`DEV_HUB_GRPC_PORT: port ${port} is taken`]),
  )
})

// As Node.js reports them: root, who may run these tests, is forbidden no port, and whether a name
// can't be looked up, or nobody answers who would know it, depends on the machine.
it.each([
  [{ code: 'EACCES', port: 80 }, 'PORT: port 80 is forbidden'],
  [
    { code: 'ENOTFOUND', hostname: 'no.example' },
    'HOST: no.example is not an address of this machine',
  ],
])('names the variable for %j', (properties, line) => {
  const error = Object.assign(new Error('listen'), properties)
  const settings = { ports: { PORT: 80 }, hosts: { HOST: 'no.example' } }
  expect(explained(error, settings)).toEqual(new ConfigError([line]))
})

it('names the variable of a host that is not of this machine', async () => {
  const error = await errorOfListening(0, '192.0.2.1')
  expect(explained(error, { ports: { PORT: 0 }, hosts: { HOST: '192.0.2.1' } })).toEqual(
    new ConfigError(['HOST: 192.0.2.1 is not an address of this machine']),
  )
})

it('leaves an error about something else as it is', async () => {
  const port = await takenPort()
  const taken = await errorOfListening(port, '127.0.0.1')
  const elsewhere = await errorOfListening(0, '192.0.2.1')
  const settings = { ports: { PORT: port - 1 }, hosts: { HOST: '127.0.0.1' } }
  for (const error of [taken, elsewhere, new Error('other'), 'text', undefined]) {
    expect(explained(error, settings)).toBe(error)
  }
})
