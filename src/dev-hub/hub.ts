import { type ApiKey, createApiKey } from './api-keys.js'
import { Authorization } from './authorization.js'
import { openGrpcDoor } from './grpc-door.js'
import { createMethods } from './methods.js'
import { ThreadStore } from './thread-store.js'
import { TokenIssuer } from './token-issuer.js'
import { openWebDoor } from './web-door.js'

/** How a development Hub is set up. */
export interface DevHubOptions {
  /** The API keys it knows, of any kind; unless given, it makes one secured user group key. */
  readonly apiKeys?: readonly ApiKey[]
  /** TCP port of the gRPC-web door; 0, unless given, takes a free one. */
  readonly port?: number
  /** TCP port of the native gRPC door; 0, unless given, takes a free one. */
  readonly grpcPort?: number
  /** How long `GetToken` waits for a signature, in seconds; unless given 60, as hubd does. */
  readonly signatureTimeout?: number
}

/** A development Hub that runs. */
export interface DevHub {
  /** Address of its gRPC-web door: `http://127.0.0.1:3007`. */
  readonly url: string
  /** Address of its native gRPC door: `grpc://127.0.0.1:3006`. */
  readonly grpcUrl: string
  readonly apiKeys: readonly ApiKey[]
  /** The Hub's public key: the issuer of its tokens. */
  readonly issuer: string
  /** How many calls run now, through either door. */
  readonly openCalls: number
  /** Cuts every call off and returns when nothing is left. */
  close(): Promise<void>
}

/**
 * Starts a Hub for development and tests: a real one in its protocol, challenges, signatures and
 * tokens, which answers as hubd 2.6 does. It knows logins and threads, keeps everything in memory,
 * and listens on 127.0.0.1 only.
 *
 * It differs from hubd on purpose in one point: it verifies a token's signature in `ListThreads`
 * and `GetThread` too, and answers a forged one with `invalid thread token`.
 *
 * @throws the system's error where a port can't be listened on, such as `EADDRINUSE`
 */
export async function startDevHub(options: DevHubOptions = {}): Promise<DevHub> {
  const { apiKeys = [createApiKey()], port = 0, grpcPort = 0, signatureTimeout = 60 } = options
  const issuer = new TokenIssuer()
  const authorization = new Authorization(apiKeys, issuer.name)
  const threads = new ThreadStore()
  const methods = createMethods({ authorization, issuer, threads, signatureTimeout })
  const webDoor = await openWebDoor(port, methods)
  const grpcDoor = await openGrpcDoor(grpcPort, methods).catch(async (error: unknown) => {
    await webDoor.close()
    throw error
  })
  return {
    url: `http://127.0.0.1:${webDoor.port}`,
    grpcUrl: `grpc://127.0.0.1:${grpcDoor.port}`,
    apiKeys,
    issuer: issuer.name,
    get openCalls() {
      return webDoor.openCalls + grpcDoor.openCalls
    },
    async close() {
      await Promise.all([webDoor.close(), grpcDoor.close()])
    },
  }
}
