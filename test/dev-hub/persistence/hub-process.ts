import { Client, type PrivateKey } from '@textile/hub'
import { DEV_HUB, ProgramProcess } from '../../support/server-process.js'

const MAIN = 'dev-hub/main.js'

/** What a development Hub prints for programs. */
export interface Printed {
  readonly url: string
  readonly key: string
  readonly secret: string
}

/** The variables with which a Hub takes free ports and remembers in a folder. */
export function variablesFor(folder: string): Record<string, string> {
  return { ...DEV_HUB, DATA_DIR: folder }
}

/** A development Hub that runs as a process of its own. */
export class HubProcess {
  readonly program: ProgramProcess
  readonly printed: Printed

  private constructor(program: ProgramProcess, printed: Printed) {
    this.program = program
    this.printed = printed
  }

  /** Starts one that remembers in a folder. */
  static async start(folder: string, ...args: string[]): Promise<HubProcess> {
    const program = await ProgramProcess.start(MAIN, variablesFor(folder), ['--json', ...args])
    const [line] = await program.printed(/^.+\n/)
    return new HubProcess(program, JSON.parse(line))
  }

  /** A client of the SDK's; logged in where it isn't given a token. */
  async client(identity: PrivateKey, token?: string): Promise<Client> {
    const { url, key, secret } = this.printed
    const client = await Client.withKeyInfo({ key, secret }, url)
    if (token === undefined) await client.getToken(identity)
    else client.context.withToken(token)
    return client
  }

  /** Ends it, and waits until it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.program.kill(signal)
    return (await this.program.ended()).status
  }
}
