import { parseArgs } from 'node:util'
import { LOGIN_PATH } from '../protocol.js'
import { Failure } from './failure.js'
import { orUsage } from './usage.js'

/** What the command line asks for. */
export interface Arguments {
  /** Address of the login server: `ws:` or `wss:`. */
  readonly url: string
  /** File with the text of an identity's private key; without one a random identity logs in. */
  readonly key: string | undefined
  /** Address of the Hub that proves the login: `http:` or `https:`, without a slash at its end. */
  readonly hub: string | undefined
  /** Whether to print one line of JSON instead of text for people. */
  readonly json: boolean
  /** Whether to print {@link USAGE} and do nothing. */
  readonly help: boolean
}

/** Where `npm start` listens unless told otherwise. */
const DEFAULT_URL = `ws://127.0.0.1:3001${LOGIN_PATH}`

/** How to call the command. */
export const USAGE = `Usage: npm run login -- [URL] [--key FILE] [--hub URL] [--json]

  URL         the login server, ws: or wss: (${DEFAULT_URL})
  --key FILE  log in as the identity in FILE, the text of PrivateKey.toString();
              without it, as a new random one
  --hub URL   prove the login: list the identity's threads at this Hub, http: or https:
  --json      print one line of JSON, with nothing masked
`

/** Reads the command line. @throws Failure `usage` */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args)
  const [url = DEFAULT_URL, ...rest] = positionals
  if (rest.length > 0) throw new Failure('usage', 'Only one address can be given.')
  if (!hasProtocol(url, 'ws:', 'wss:'))
    throw new Failure('usage', 'The address of the login server must start with ws:// or wss://.')
  const hub = values.hub?.replace(/\/+$/, '')
  if (hub !== undefined && !hasProtocol(hub, 'http:', 'https:'))
    throw new Failure('usage', 'The address of the Hub must start with http:// or https://.')
  return { url, key: values.key, hub, json: values.json, help: values.help }
}

function parse(args: readonly string[]) {
  return orUsage(() =>
    parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: 'string' },
        hub: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }),
  )
}

function hasProtocol(address: string, ...protocols: string[]): boolean {
  return URL.canParse(address) && protocols.includes(new URL(address).protocol)
}
