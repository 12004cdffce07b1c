import type { RequestListener } from 'node:http'
import { Status } from '../grpc/status.js'
import { CallError, type Method } from './call.js'
import type { Domain, DomainContext } from './domain.js'

/**
 * The packages that only the domains need: no dependencies of the login server, but optional
 * peers, so that a production install goes without them.
 */
export const OPTIONAL_PACKAGES: readonly string[] = [
  'ajv',
  'ajv-draft-04',
  'ajv-formats',
  'quickjs-emscripten',
  'ulid',
]

/** A domain that is loaded when it is first called: logins need none of its packages. */
class LazyDomain {
  /** The services whose methods it has, such as `threads.pb.API`. */
  readonly services: readonly string[]
  readonly #load: () => Promise<Domain>
  #loaded: Promise<Domain> | undefined

  constructor(services: readonly string[], load: () => Promise<Domain>) {
    this.services = services
    this.#load = load
  }

  /**
   * Loads the domain, once.
   *
   * @throws CallError where its packages are not installed
   */
  get(): Promise<Domain> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      throw isMissingPackage(error) ? missingPackages() : error
    })
    return this.#loaded
  }

  /** Closes the domain, where it was loaded. */
  async close(): Promise<void> {
    const domain = await this.#loaded?.catch(() => undefined)
    await domain?.close?.()
  }
}

/** The Hub's domains. A further one is added in the constructor. */
export class Domains {
  readonly #domains: readonly LazyDomain[]

  constructor(context: DomainContext) {
    const threads = new LazyDomain(['threads.pb.API'], async () => {
      const { openThreads } = await import('./threads/threads.js')
      return openThreads(context)
    })
    this.#domains = [threads]
  }

  /** A method that does what the domain of its service does at a path. */
  method(path: string): Method {
    const domain = this.#domains.find(({ services }) =>
      services.some((service) => path.startsWith(`/${service}/`)),
    )
    return async (call) => {
      const methods = new Map(domain ? (await domain.get()).methods : [])
      const method = methods.get(path)
      if (method) return method(call)
      const text = `${path} is not implemented by the development Hub`
      throw new CallError(Status.Unimplemented, text)
    }
  }

  /** Answers plain HTTP requests on the gRPC-web port. */
  readonly handleRequest: RequestListener = (_request, response) => {
    response.writeHead(404, { 'content-type': 'text/plain' })
    response.end('This is the gRPC-web endpoint of a development Hub.\n')
  }

  /** Closes those that were loaded. */
  async close(): Promise<void> {
    await Promise.all(this.#domains.map((domain) => domain.close()))
  }
}

function isMissingPackage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}

function missingPackages(): CallError {
  const text = `the development Hub needs packages for this that are not installed: npm install --save-dev ${OPTIONAL_PACKAGES.join(' ')}`
  return new CallError(Status.Unimplemented, text)
}
