import type { Command } from 'commander'
import { LOGIN_PATH } from '../protocol.js'
import { runCommand } from './command.js'

/** The command's options as they are typed. */
interface LoginFlags {
  readonly key?: string
  readonly hub?: string
  readonly watch?: true
  readonly json?: true
}

/** Where the server listens unless told otherwise. */
const DEFAULT_URL = `ws://127.0.0.1:3001${LOGIN_PATH}`

/** Adds `login` to the program: a whole login from a terminal, to see that a server works. */
export function addLogin(program: Command): void {
  const command = program
    .command('login')
    .description('log in as an app does, to see that a login server works')
    .argument('[url]', 'the login server, ws: or wss:', DEFAULT_URL)
    .option(
      '--key <file>',
      'log in as the identity in the file, the text of PrivateKey.toString(); without it, as a new random one',
    )
    .option(
      '--hub <url>',
      "prove the login: list the identity's threads at this Hub, http: or https:",
    )
    .option('--watch', 'keep the session, and print each renewal until Ctrl+C')
    .option('--json', 'print one line of JSON, with nothing masked')
  command.action(async (url: string, { key, hub: hubWithSlash, watch, json }: LoginFlags) => {
    const hub = hubWithSlash?.replace(/\/+$/, '')
    // The text itself is not shown: it may be a private key that was given without --key.
    if (!hasProtocol(url, 'ws:', 'wss:'))
      command.error('error: the address of the login server must start with ws:// or wss://')
    if (hub !== undefined && !hasProtocol(hub, 'http:', 'https:'))
      command.error('error: the address of the Hub must start with http:// or https://')
    if (watch && json) command.error('error: --watch prints text for people: leave out --json')
    await runCommand(json === true, async (print) => {
      const { logIn } = await import('./login.js')
      return logIn({ url, key, hub, watch: watch === true }, print)
    })
    // The SDK leaves its socket to a Hub that hangs open, so the process would not end by itself.
    process.stdout.write('', () => process.exit())
  })
}

function hasProtocol(address: string, ...protocols: string[]): boolean {
  return URL.canParse(address) && protocols.includes(new URL(address).protocol)
}
