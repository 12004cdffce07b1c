import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type Koa from 'koa'
import helmet from 'koa-helmet'
import Router from 'koa-router'
import type { CallSource } from './call-source.js'
import { CallStream } from './call-stream.js'

/** Where the build puts the page. */
const PAGE = join(import.meta.dirname, '../../dist/demo/page')

/** The files of the page, by the paths that they are served at. */
const FILES = {
  '/': 'index.html',
  '/index.html': 'index.html',
  '/main.js': 'main.js',
  '/main.css': 'main.css',
}

/** A page that is served. */
export interface DemoPage {
  /** Ends what it still sends. */
  close(): void
}

/**
 * Adds to an app the page on which a person logs in and watches it happen: `/` and the files it
 * loads, which are read once, now. Its policy lets it load nothing from elsewhere, and talk to this
 * server and the Hub alone.
 *
 * @param hubUrl - the Hub's gRPC-web endpoint as browsers reach it, `http:` or `https:`
 * @param calls - the calls that the Hub has answered, where that can be told
 * @param isThisMachine - whether a `Host` header names this machine
 */
export async function serveDemo(
  app: Koa,
  hubUrl: string,
  calls: CallSource | undefined,
  isThisMachine: (host: string | undefined) => boolean,
): Promise<DemoPage> {
  const router = new Router({ strict: true })
  const stream = calls && new CallStream(calls, isThisMachine)
  router.get('/demo.json', (ctx) => {
    ctx.body = { hubUrl, tellsCalls: stream?.isFor(ctx) ?? false }
  })
  if (stream) router.get('/calls', (ctx) => stream.serve(ctx))
  for (const [path, name] of Object.entries(FILES)) {
    const body = await readFile(join(PAGE, name))
    const etag = createHash('sha256').update(body).digest('base64url')
    router.get(path, (ctx) => {
      ctx.etag = etag
      // Kept, but asked for again each time: the next version of the server has other files.
      ctx.set('Cache-Control', 'no-cache')
      ctx.status = 200
      if (ctx.fresh) ctx.status = 304
      else {
        ctx.type = name
        ctx.body = body
      }
    })
  }
  app.use(protect(hubUrl))
  app.use(router.routes())
  return { close: () => stream?.close() }
}

function protect(hubUrl: string): Koa.Middleware {
  const hubSocket = new URL(hubUrl).origin.replace(/^http/, 'ws')
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        // The avatar is drawn in the page.
        imgSrc: ['data:'],
        connectSrc: ["'self'", hubSocket],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        requireTrustedTypesFor: ["'script'"],
      },
    },
    // Whether hosts speak TLS is for whoever terminates it to say.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
  })
}
