import fc from 'fast-check'
import { expect } from 'vitest'
import type { LoginServer } from '../../src/http/server.js'
import { type Identity, randomIdentity } from '../support/identity.js'
import { expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub } from '../support/login-server.js'
import { challengeOf, TestApp } from '../support/test-app.js'

/** How many steps an interleaving has at most. */
const STEPS = 40

/** How many sockets take part. */
const SOCKETS = 3

/** What the model knows of a socket. */
interface SocketModel {
  state: 'closed' | 'waiting for a request' | 'waiting for the signature'
  identity: Identity | undefined
  challenge: Uint8Array | undefined
}

interface Model {
  readonly sockets: SocketModel[]
}

interface Real {
  readonly server: LoginServer
  readonly apps: (TestApp | undefined)[]
}

type Step = fc.AsyncCommand<Model, Real>

/** A step on one socket of the model, which can be taken in some of its states. */
abstract class SocketStep implements Step {
  readonly #index: number

  constructor(index: number) {
    this.#index = index
  }

  abstract isPossible(model: SocketModel): boolean
  abstract take(model: SocketModel, app: TestApp): Promise<void>

  check({ sockets }: Readonly<Model>): boolean {
    const model = sockets[this.#index]
    return model !== undefined && this.isPossible(model)
  }

  async run({ sockets }: Model, real: Real): Promise<void> {
    const model = sockets[this.#index]
    if (!model) throw new Error('no such socket')
    const app = real.apps[this.#index] ?? (await TestApp.connect(real.server.url))
    real.apps[this.#index] = app
    await this.take(model, app)
    if (model.state === 'closed') real.apps[this.#index] = undefined
  }

  toString(): string {
    return `${this.constructor.name} on socket ${this.#index}`
  }
}

class Connect extends SocketStep {
  isPossible({ state }: SocketModel): boolean {
    return state === 'closed'
  }

  async take(model: SocketModel): Promise<void> {
    model.state = 'waiting for a request'
  }
}

abstract class OpenStep extends SocketStep {
  isPossible({ state }: SocketModel): boolean {
    return state !== 'closed'
  }
}

class Request extends OpenStep {
  async take(model: SocketModel, app: TestApp): Promise<void> {
    const identity = randomIdentity()
    app.send({ type: 'token', pubkey: identity.pubkey })
    const message = await app.next()
    if (model.state === 'waiting for the signature') {
      expect(message).toMatchObject({ type: 'error', code: 'busy' })
      return
    }
    model.challenge = challengeOf(message)
    model.identity = identity
    model.state = 'waiting for the signature'
  }
}

class RequestWithBadKey extends OpenStep {
  async take(model: SocketModel, app: TestApp): Promise<void> {
    app.send({ type: 'token', pubkey: 'Bnonsense' })
    const code = model.state === 'waiting for the signature' ? 'busy' : 'invalid_pubkey'
    expect(await app.next()).toMatchObject({ type: 'error', code })
  }
}

/** Sends a signature, which ends the challenge that waits for one, if one does. */
abstract class Sign extends OpenStep {
  abstract readonly rightOutcome: object
  abstract sign(model: SocketModel): Uint8Array

  async take(model: SocketModel, app: TestApp): Promise<void> {
    app.sendSignature(this.sign(model))
    const isWaited = model.state === 'waiting for the signature'
    const outcome = isWaited ? this.rightOutcome : { type: 'error', code: 'no_challenge' }
    expect(await app.next()).toMatchObject(outcome)
    model.state = 'waiting for a request'
  }
}

class SignRightly extends Sign {
  readonly rightOutcome = { type: 'token' }

  sign({ identity, challenge }: SocketModel): Uint8Array {
    return identity?.sign(challenge ?? new Uint8Array()) ?? new Uint8Array(64)
  }
}

class SignAsAnother extends Sign {
  readonly rightOutcome = { type: 'error', code: 'bad_signature' }

  sign({ challenge }: SocketModel): Uint8Array {
    return randomIdentity().sign(challenge ?? new Uint8Array())
  }
}

class SignTooShort extends Sign {
  readonly rightOutcome = { type: 'error', code: 'bad_signature' }

  sign(): Uint8Array {
    return new Uint8Array(63)
  }
}

class SendJunk extends OpenStep {
  async take(model: SocketModel, app: TestApp): Promise<void> {
    app.socket.send('{"type":')
    expect(await app.next()).toMatchObject({ type: 'error', code: 'bad_request' })
    expect(await app.closed()).toBe(1008)
    model.state = 'closed'
  }
}

class SendTooMuch extends OpenStep {
  async take(model: SocketModel, app: TestApp): Promise<void> {
    app.socket.send('x'.repeat(5_000))
    expect(await app.closed()).toBe(1009)
    model.state = 'closed'
  }
}

class Leave extends OpenStep {
  async take(model: SocketModel, app: TestApp): Promise<void> {
    app.leave()
    await app.closed()
    model.state = 'closed'
  }
}

const KINDS = [
  Connect,
  Request,
  RequestWithBadKey,
  SignRightly,
  SignAsAnother,
  SignTooShort,
  SendJunk,
  SendTooMuch,
  Leave,
]

/**
 * Has apps do whatever they can, in random orders, and checks after each step that the server does
 * as the state machine says, and at the end of each order that nothing is left.
 *
 * @param runs - how many orders are tried
 */
export async function fuzzLogins(runs: number): Promise<void> {
  const limits = {
    idleTimeout: 60,
    loginsPerMinutePerIp: Number.POSITIVE_INFINITY,
    loginsPerMinutePerKey: Number.POSITIVE_INFINITY,
  }
  const { hub, server } = await startWithDevHub({ limits, challengeTimeout: 55 })
  const socket = fc.nat({ max: SOCKETS - 1 })
  const steps: fc.Arbitrary<Step>[] = KINDS.map((Kind) => socket.map((index) => new Kind(index)))
  // Its seed is in the message of a failure. Given here again, it repeats the run.
  const seed = Number(process.env.FUZZ_SEED) || Math.floor(Math.random() * 2 ** 31)

  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: STEPS, size: 'max' }), async (commands) => {
      const apps: (TestApp | undefined)[] = []
      const sockets = Array.from({ length: SOCKETS }, (): SocketModel => {
        return { state: 'closed', identity: undefined, challenge: undefined }
      })
      try {
        await fc.asyncModelRun(() => ({ model: { sockets }, real: { server, apps } }), commands)
      } finally {
        for (const app of apps) app?.leave()
      }
      await expectNothingLeft(server, hub)
    }),
    { seed, numRuns: runs, endOnFailure: true },
  )
}
