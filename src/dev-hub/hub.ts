import type { Endpoint } from './endpoints/endpoint.js'
import { startGrpcServer } from './endpoints/grpc-server.js'
import { startGrpcWebServer } from './endpoints/grpc-web-server.js'
import type { StoredApiKey } from './login/api-keys.js'
import { createMethods } from './methods.js'
import { openState, type StateOptions } from './state.js'

/** How a development Hub is set up. */
export interface DevHubOptions extends Omit<StateOptions, 'url'> {
  /** TCP port of the gRPC-web endpoint; 0, unless given, takes a free one. */
  readonly port?: number
  /** TCP port of the native gRPC endpoint; 0, unless given, takes a free one. */
  readonly grpcPort?: number
  /** How long `GetToken` waits for a signature, in seconds; unless given 60, as hubd does. */
  readonly signatureTimeout?: number
  /** Takes note of a fault inside a method; unless given, it goes to standard error. */
  readonly logError?: (error: unknown, path: string) => void
}

/** A development Hub that runs, in this thread or another. */
export interface RunningHub {
  /** Address of its gRPC-web endpoint: `http://127.0.0.1:3007`. */
  readonly url: string
  /** Address of its native gRPC endpoint: `grpc://127.0.0.1:3006`. */
  readonly grpcUrl: string
  readonly apiKeys: readonly StoredApiKey[]
  /** The Hub's public key: the issuer of its tokens. */
  readonly issuer: string
  /** Cuts every call off and returns when nothing is left. */
  close(): Promise<void>
}

/** A development Hub that runs in this thread. */
export interface DevHub extends RunningHub {
  /** How many calls run now, through either endpoint. */
  readonly openCalls: number
}

/**
 * Starts a Hub for development and tests: a real one in its protocol, its data and its tokens,
 * which answers as hubd 2.6 does. It remembers in a folder or in memory, and listens on 127.0.0.1
 * only. What it does otherwise on purpose is told in docs/dev-hub.md.
 *
 * @throws SetupError where the folder can't be used or the seed not be planted, or the system's
 *   error where a port can't be listened on, such as `EADDRINUSE`
 */
export async function startDevHub(options: DevHubOptions = {}): Promise<DevHub> {
  const { port = 0, grpcPort = 0, signatureTimeout = 60, logError = writeError } = options
  let url = ''
  const state = await openState({ ...options, url: () => url })
  const { apiKeys, credentials, domains } = state
  const methods = createMethods({ ...state, issuer: credentials.issuer, signatureTimeout })
  const { handleRequest } = domains
  const opened: Endpoint[] = []
  const close = async () => {
    await Promise.all(opened.map((endpoint) => endpoint.close()))
    await state.close()
  }
  try {
    const web = await startGrpcWebServer({ port, methods, logError, handleRequest })
    opened.push(web)
    url = `http://127.0.0.1:${web.port}`
    const grpc = await startGrpcServer({ port: grpcPort, methods, logError })
    opened.push(grpc)
    return {
      url,
      grpcUrl: `grpc://127.0.0.1:${grpc.port}`,
      apiKeys,
      issuer: credentials.issuer.name,
      get openCalls() {
        return web.openCalls + grpc.openCalls
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function writeError(error: unknown, path: string): void {
  const text = error instanceof Error ? error.stack : String(error)
  process.stderr.write(`development Hub, ${path}: ${text}\n`)
}
