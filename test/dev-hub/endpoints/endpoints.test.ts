import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { CallError, type HubCall, type Method } from '../../../src/dev-hub/call.js'
import { startGrpcServer } from '../../../src/dev-hub/endpoints/grpc-server.js'
import { startGrpcWebServer } from '../../../src/dev-hub/endpoints/grpc-web-server.js'
import type { Caller } from '../../support/caller.js'
import { callByGrpc } from '../../support/grpc-call.js'
import { callByWeb } from '../../support/web-call.js'

const PATH = '/test.Service/Method'

/** How much a caller sends or is sent, in messages of 1 MB: more than buffers take. */
const MEGABYTES = 40

const endpoints = {
  'gRPC-web': { start: startGrpcWebServer, makeCall: callByWeb, scheme: 'http' },
  'native gRPC': { start: startGrpcServer, makeCall: callByGrpc, scheme: 'grpc' },
}

describe.each(Object.entries(endpoints))(
  'the %s endpoint',
  (_name, { start, makeCall, scheme }) => {
    /** Serves a method and returns how to call it, with what was logged. */
    async function serve(method: Method) {
      const logged: [error: unknown, path: string][] = []
      const logError = (error: unknown, path: string) => logged.push([error, path])
      const endpoint = await start({ port: 0, methods: new Map([[PATH, method]]), logError })
      onTestFinished(() => endpoint.close())
      const call = (
        drive: (to: Caller) => void,
        onReply?: (reply: Uint8Array, to: Caller) => void,
      ) => makeCall(`${scheme}://127.0.0.1:${endpoint.port}`, PATH, [], drive, onReply)
      return { call, logged, endpoint }
    }

    it('answers a fault as such, logs its stack, and serves on', async () => {
      let isBroken = true
      const { call, logged } = await serve(async () => {
        if (isBroken) throw new TypeError('secret detail')
      })
      const { status } = await call((to) => to.end())
      expect(status?.code).toBe(13)
      expect(status?.message).not.toContain('secret')
      expect(logged).toEqual([[expect.any(TypeError), PATH]])
      isBroken = false
      expect((await call((to) => to.end())).status?.code).toBe(0)
    })

    it('logs nothing where the caller was told what is wrong', async () => {
      const { call, logged } = await serve(async () => {
        throw new CallError(5, 'nothing there')
      })
      expect((await call((to) => to.end())).status).toEqual({ code: 5, message: 'nothing there' })
      expect(logged).toEqual([])
    })

    it('tells a method when its caller has left', async () => {
      let isClosed = false
      const { call, endpoint } = await serve(async ({ closed }) => {
        await closed
        isClosed = true
      })
      let leave = () => {}
      const made = call((to) => {
        leave = to.leave
      })
      await vi.waitFor(() => expect(endpoint.openCalls).toBe(1))
      leave()
      await made
      await vi.waitFor(() => expect(isClosed).toBe(true))
      await vi.waitFor(() => expect(endpoint.openCalls).toBe(0))
    })

    it('brings all that a caller sends, however long the method takes', async () => {
      const big = Buffer.alloc(1_000_000)
      let begun: HubCall | undefined
      let take = () => {}
      let received = 0
      const { call } = await serve(async (toMethod) => {
        begun = toMethod
        await new Promise<void>((resolve) => {
          take = resolve
        })
        while (await toMethod.receive()) received += 1
      })
      const made = call((to) => {
        for (let sent = 0; sent < MEGABYTES; sent += 1) to.send(big)
        to.end()
      })
      await vi.waitFor(() => expect(begun).toBeDefined())
      take()
      expect((await made).status?.code).toBe(0)
      expect(received).toBe(MEGABYTES)
    })

    it('lets a method wait for a caller who takes less than it replies', async () => {
      const big = Buffer.alloc(1_000_000)
      const { call } = await serve(async (toMethod) => {
        for (let sent = 0; sent < MEGABYTES; sent += 1) {
          toMethod.reply(big)
          await toMethod.drained()
        }
      })
      const { replies, status } = await call((to) => to.end())
      expect(status?.code).toBe(0)
      expect(replies).toHaveLength(MEGABYTES)
    })

    it('ends a method’s wait for a caller who has left', async () => {
      let hasWaited = false
      const { call } = await serve(async (toMethod) => {
        for (let sent = 0; sent < MEGABYTES; sent += 1) toMethod.reply(Buffer.alloc(1_000_000))
        await toMethod.drained()
        hasWaited = true
      })
      await call(
        (to) => to.end(),
        (_reply, to) => to.leave(),
      )
      await vi.waitFor(() => expect(hasWaited).toBe(true))
    })
  },
)
