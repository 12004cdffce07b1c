import { Domains } from './domains.js'
import { startGrpcServer } from './endpoints/grpc-server.js'
import { startGrpcWebServer } from './endpoints/grpc-web-server.js'
import { createApiKey, type StoredApiKey } from './login/api-keys.js'
import { Authorization } from './login/authorization.js'
import { TokenIssuer } from './login/token-issuer.js'
import { createMethods } from './methods.js'
import { Store } from './store/store.js'
import { ThreadRegistry } from './threads/registry.js'

/** How a development Hub is set up. */
export interface DevHubOptions {
  /** The API keys it knows, of any kind; unless given, it makes one secured user group key. */
  readonly apiKeys?: readonly StoredApiKey[]
  /** TCP port of the gRPC-web endpoint; 0, unless given, takes a free one. */
  readonly port?: number
  /** TCP port of the native gRPC endpoint; 0, unless given, takes a free one. */
  readonly grpcPort?: number
  /** How long `GetToken` waits for a signature, in seconds; unless given 60, as hubd does. */
  readonly signatureTimeout?: number
  /** Path of the SQLite file that the Hub remembers in; unless given, memory. */
  readonly file?: string
  /** Takes note of a fault inside a method; unless given, it goes to standard error. */
  readonly logError?: (error: unknown, path: string) => void
}

/** A development Hub that runs. */
export interface DevHub {
  /** Address of its gRPC-web endpoint: `http://127.0.0.1:3007`. */
  readonly url: string
  /** Address of its native gRPC endpoint: `grpc://127.0.0.1:3006`. */
  readonly grpcUrl: string
  readonly apiKeys: readonly StoredApiKey[]
  /** The Hub's public key: the issuer of its tokens. */
  readonly issuer: string
  /** How many calls run now, through either endpoint. */
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
  const { file, logError = writeError } = options
  const store = new Store(file)
  const issuer = new TokenIssuer()
  const authorization = new Authorization(apiKeys, issuer.name)
  const registry = new ThreadRegistry(store)
  let url = ''
  const context = { store, authorization, registry, issuer: issuer.name, url: () => url }
  const domains = new Domains(context)
  const closeState = async () => {
    await domains.close()
    store.close()
  }
  const methods = createMethods({ authorization, issuer, registry, domains, signatureTimeout })
  const { handleRequest } = domains
  const web = await startGrpcWebServer({ port, methods, logError, handleRequest }).catch(
    async (error: unknown) => {
      await closeState()
      throw error
    },
  )
  url = `http://127.0.0.1:${web.port}`
  const grpc = await startGrpcServer({ port: grpcPort, methods, logError }).catch(
    async (error: unknown) => {
      await web.close()
      await closeState()
      throw error
    },
  )
  return {
    url,
    grpcUrl: `grpc://127.0.0.1:${grpc.port}`,
    apiKeys,
    issuer: issuer.name,
    get openCalls() {
      return web.openCalls + grpc.openCalls
    },
    async close() {
      await Promise.all([web.close(), grpc.close()])
      await closeState()
    },
  }
}

function writeError(error: unknown, path: string): void {
  const text = error instanceof Error ? error.stack : String(error)
  process.stderr.write(`development Hub, ${path}: ${text}\n`)
}
