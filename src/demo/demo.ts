import { join } from 'node:path'
import type Koa from 'koa'
import helmet from 'koa-helmet'
import Router from 'koa-router'
import serve from 'koa-static'

/** Where the build puts the page: its HTML, script and style sheet. */
const PAGE = join(import.meta.dirname, '../../dist/demo/page')

/** What the demo page needs to know. */
export interface DemoOptions {
  /** The Hub's gRPC-web endpoint as browsers reach it, `http:` or `https:`. */
  readonly hubUrl: string
}

/**
 * Adds to an app the page on which a person logs in and watches it happen: `/` and the files it
 * loads. Its policy lets it load nothing from elsewhere, and talk to this server and the Hub alone.
 */
export function serveDemo(app: Koa, { hubUrl }: DemoOptions): void {
  const router = new Router({ strict: true })
  router.get('/demo.json', (ctx) => {
    ctx.body = { hubUrl }
  })
  app.use(protect(hubUrl))
  app.use(router.routes())
  app.use(serve(PAGE))
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
