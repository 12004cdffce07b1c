import { randomBytes } from 'node:crypto'
import type { Hub, TokenCall } from '../../src/hub/hub.js'
import { never } from './never.js'
import { unsignedToken } from './unsigned-token.js'

/** A Hub in memory whose calls do what the test says, and that remembers what it was asked. */
export class TestHub implements Hub {
  /** What it has signed, where the test says nothing else. */
  readonly challenge: Uint8Array = randomBytes(32)
  /** Whom it was asked for a token for, in order. */
  readonly pubkeys: string[] = []
  /** The signatures that it was given. */
  readonly signatures: Uint8Array[] = []
  /** How many calls were released. */
  released = 0
  answerChallenge: () => Promise<Uint8Array> = async () => this.challenge
  answerToken: (pubkey: string) => Promise<string> = async (pubkey) => unsignedToken(pubkey)
  readonly #part: Partial<TokenCall>

  /** @param part - what its calls do in another way */
  constructor(part: Partial<TokenCall> = {}) {
    this.#part = part
  }

  /** How many calls it was asked for. */
  get asked(): number {
    return this.pubkeys.length
  }

  requestToken(pubkey: string): TokenCall {
    this.pubkeys.push(pubkey)
    return {
      challenge: this.answerChallenge(),
      failed: never(),
      answer: (signature) => {
        this.signatures.push(signature)
        return this.answerToken(pubkey)
      },
      release: () => {
        this.released += 1
      },
      ...this.#part,
    }
  }
}
