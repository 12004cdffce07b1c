import type { RequestListener } from 'node:http'
import { Status } from '../grpc/status.js'
import type { BucketsDomain } from './buckets/buckets.js'
import { CallError, type Method } from './call.js'
import type { Domain, DomainContext } from './domain.js'
import { SetupError } from './setup-error.js'
import type { Threads } from './threads/threads.js'

/**
 * The packages that only the domains need: no dependencies of the login server, but optional
 * peers, so that a production install goes without them.
 */
export const OPTIONAL_PACKAGES: readonly string[] = [
  '@ipld/dag-pb',
  'ajv',
  'ajv-draft-04',
  'ajv-formats',
  'escape-html',
  'fresh',
  'ipfs-unixfs',
  'ipfs-unixfs-exporter',
  'ipfs-unixfs-importer',
  'mime-types',
  'quickjs-emscripten',
  'range-parser',
  'ulid',
]

/** A domain that is loaded when it is first called: logins need none of its packages. */
class LazyDomain<Loaded extends Domain = Domain> {
  /** The service whose methods it has, such as `threads.pb.API`. */
  readonly service: string
  readonly #load: () => Promise<Loaded>
  #loaded: Promise<Loaded> | undefined

  constructor(service: string, load: () => Promise<Loaded>) {
    this.service = service
    this.#load = load
  }

  /**
   * Loads the domain, once.
   *
   * @throws CallError where its packages are not installed
   */
  get(): Promise<Loaded> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      this.#loaded = undefined
      throw isMissingPackage(error) ? missingPackages() : error
    })
    return this.#loaded
  }

  /** Waits until it is loaded, where that has begun: it must not find the store closed. */
  async close(): Promise<void> {
    await this.#loaded?.catch(() => undefined)
  }
}

/** The Hub's domains. A further one is added in the constructor. */
export class Domains {
  readonly #domains: readonly LazyDomain[]
  readonly #threads: LazyDomain<Threads>
  readonly #buckets: LazyDomain<BucketsDomain>

  constructor(context: DomainContext) {
    this.#threads = new LazyDomain('threads.pb.API', async () => {
      const { openThreads } = await import('./threads/threads.js')
      const { BucketStore } = await import('./buckets/bucket-store.js')
      return openThreads(context, new BucketStore(context.store))
    })
    this.#buckets = new LazyDomain('api.bucketsd.pb.APIService', async () => {
      const { openBuckets } = await import('./buckets/buckets.js')
      return openBuckets(context)
    })
    const mail = new LazyDomain('api.usersd.pb.APIService', async () => {
      const { createMailMethods } = await import('./mail/mail-methods.js')
      const { databases } = await this.#threads.get()
      return { methods: createMailMethods(context.authorization, databases) }
    })
    this.#domains = [this.#threads, this.#buckets, mail]
  }

  /**
   * The Threads domain, for who fills the Hub or reads it out.
   *
   * @throws SetupError where its packages are not installed
   */
  async threads(): Promise<Threads> {
    try {
      return await this.#threads.get()
    } catch (error) {
      throw error instanceof CallError ? new SetupError(error.status.message) : error
    }
  }

  /** A method that does what the domain of its service does at a path. */
  method(path: string): Method {
    const domain = this.#domains.find(({ service }) => path.startsWith(`/${service}/`))
    return async (call) => {
      const method = (await domain?.get())?.methods[path]
      if (method) return method(call)
      const text = `${path} is not implemented by the development Hub`
      throw new CallError(Status.Unimplemented, text)
    }
  }

  /** Answers plain HTTP requests on the gRPC-web port: those are for what is in buckets. */
  readonly handleRequest: RequestListener = (request, response) => {
    this.#buckets.get().then(
      (buckets) => buckets.handleRequest(request, response),
      (error: unknown) => {
        const text = error instanceof CallError ? error.status.message : 'an error: see the log'
        response.writeHead(501, { 'content-type': 'text/plain' }).end(`${text}\n`)
      },
    )
  }

  /** Waits for those that are being loaded. */
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
