import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Script } from 'node:vm'
import { parse as parseDotenv } from 'dotenv'
import { expect, it, onTestFinished } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { DEFAULT_LIMITS } from '../../src/limits/limits.js'
import { ErrorCode } from '../../src/protocol.js'
import { openAuthorizeWebhook } from '../../src/users/authorize-webhook.js'
import { type Block, nameOf, readDocuments } from '../support/markdown.js'
import { listen } from '../support/ports.js'
import { readVariables } from '../support/shell.js'

const documents = await readDocuments()
const blocks = documents.flatMap((document) => document.blocks)

/** Languages whose blocks other tests of this folder compile or run. */
const ELSEWHERE = ['ts', 'tsx', 'sh', 'text', 'nginx']

/** What each other language's blocks have to pass. */
const CHECKS: Readonly<Record<string, (text: string) => Promise<void> | void>> = {
  json: checkJson,
  yaml: (source) => expect(parseYaml(source)).toBeTypeOf('object'),
  // What an operator types into the shell of the Hub's MongoDB.
  js: (source) => void new Script(source),
  dotenv: checkDotenv,
  ini: checkUnit,
  http: async (source) => expect((await receive(source)).method).toBe('POST'),
  mermaid: checkDiagram,
}

it('every block of every document has a language that is checked', () => {
  expect(blocks.length).toBeGreaterThan(30)
  const checked = [...ELSEWHERE, ...Object.keys(CHECKS)]
  const unknown = blocks.filter(({ language }) => !checked.includes(language))
  expect(unknown.map(nameOf)).toEqual([])
})

it.each(blocks.filter(({ language }) => language in CHECKS).map((block) => [nameOf(block), block]))(
  'is right: %s',
  async (_name, { language, text }: Block) => CHECKS[language]?.(text),
)

it('PROTOCOL.md shows the request that the webhook gets', async () => {
  const block = blocks.find(({ path, language }) => path === 'PROTOCOL.md' && language === 'http')
  const shown = await receive(block?.text ?? '')
  const visitor = {
    pubkey: 'b',
    address: '192.0.2.1',
    origin: 'https://app.example.org',
    renewal: false,
  }
  const sent = await receiveOne(async (port) => {
    const webhook = openAuthorizeWebhook(`http://127.0.0.1:${port}/authorize`)
    onTestFinished(() => webhook.close())
    await webhook.authorize(visitor, new AbortController().signal)
  })
  const { body, headers, ...line } = shown
  expect(line).toEqual({ method: sent.method, url: sent.url })
  expect(Object.keys(JSON.parse(body))).toEqual(Object.keys(JSON.parse(sent.body)))
  for (const name of ['content-type', 'accept']) expect(headers[name]).toBe(sent.headers[name])
})

/** One JSON value, or one in each line. Messages of the protocol have types and codes of its. */
function checkJson(source: string): void {
  const isLines = source.trim().split('\n').length > 1 && !source.includes('\n ')
  for (const each of isLines ? source.trim().split('\n') : [source]) {
    const { type, code } = JSON.parse(each)
    if (type !== undefined) expect(['token', 'challenge', 'error']).toContain(type)
    if (code !== undefined) expect(Object.values(ErrorCode)).toContain(code)
  }
}

/** Lines of a `.env`: variables that there are, and nothing behind the values. */
function checkDotenv(source: string): void {
  const names = Object.keys(parseDotenv(source))
  expect(names).toHaveLength(source.trim().split('\n').length)
  expect(readVariables()).toEqual(expect.arrayContaining(names))
  // Docker takes a comment behind a value for a part of it.
  expect(source).not.toMatch(/=.*#/)
}

/** A unit of systemd that starts, reloads and stops the server as it wants to be. */
function checkUnit(source: string): void {
  const lines = source.split('\n').filter((line) => line !== '')
  const wrong = lines.filter((line) => !/^(\[\w+\]|[A-Z]\w+=\S.*)$/.test(line))
  expect(wrong).toEqual([])
  const get = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(source)?.[1] ?? ''
  expect(get('ExecStart')).toBe('/usr/bin/node dist/index.js')
  expect(get('ExecReload')).toContain('-HUP $MAINPID')
  const names = [...get('Environment').matchAll(/(\w+)=/g)].map(([, name]) => name)
  expect(readVariables()).toEqual(expect.arrayContaining(names))
  expect(Number(get('TimeoutStopSec'))).toBeGreaterThanOrEqual(DEFAULT_LIMITS.shutdownTimeout + 3)
}

/** The two kinds of diagram that we draw, whose arrows join what is declared. */
function checkDiagram(source: string): void {
  const [kind, ...lines] = source.split('\n').map((line) => line.trim())
  expect(['sequenceDiagram', 'stateDiagram-v2']).toContain(kind)
  const declaration = kind === 'sequenceDiagram' ? /^participant (\w+) as \S/ : /^(\w+): \S/
  const arrow =
    kind === 'sequenceDiagram'
      ? /^(\w+)--?>>(\w+): \S.*$|^Note over (\w+): \S/
      : /^(\w+|\[\*\]) --> (\w+|\[\*\])(?:: \S.*)?$/
  const declared = lines.map((line) => declaration.exec(line)?.[1])
  for (const line of lines.filter((line) => !declaration.test(line))) {
    const ends = arrow.exec(line)?.slice(1).filter(Boolean)
    expect(['[*]', ...declared], line).toEqual(expect.arrayContaining(ends ?? [line]))
  }
}

/** What a request was, to the server that got it. */
interface Received extends Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  readonly body: string
}

/** Sends a request just as it is written, and returns what Node.js makes of it. */
function receive(request: string): Promise<Received> {
  const [head = '', body = ''] = request.split('\n\n')
  const lines = [...head.split('\n'), `Content-Length: ${Buffer.byteLength(body)}`]
  return receiveOne((port) => {
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => {
      socket.destroy()
    })
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  })
}

/** Returns the one request that is sent to a server, which answers that a user may log in. */
async function receiveOne(send: (port: number) => Promise<void> | void): Promise<Received> {
  const server = createServer()
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const port = await listen(server)
  const received = once(server, 'request').then(async ([request, response]) => {
    const body = await text(request)
    response.end('{"allow":true}')
    const { method, url, headers }: IncomingMessage = request
    return { method, url, headers, body }
  })
  const [request] = await Promise.all([received, send(port)])
  return request
}
