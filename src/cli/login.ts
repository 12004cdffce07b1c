/** `npm run login`: a whole login from a terminal, to see that a server works. */
import { LoginError } from '../client/login-error.js'
import { loginWithChallenge } from '../client/node.js'
import type { LoginStep } from '../client/types.js'
import { type Arguments, parseArguments, USAGE } from './arguments.js'
import { Failure } from './failure.js'
import { loadIdentity } from './identity.js'
import { listThreads } from './list-threads.js'
import { Text } from './text.js'

/** In milliseconds: what the Hub gets to list the threads. */
const HUB_DEADLINE = 10_000

/** Does the login, and the proof if one is asked for. Returns what `--json` prints. */
async function run({ url, key, hub }: Arguments, print: (text: string) => void, text: Text) {
  const identity = await loadIdentity(key)
  print(text.heading(url, identity.public.toString(), key === undefined))

  const steps: LoginStep[] = []
  const onStep = (step: LoginStep) => {
    steps.push(step)
    print(text.step(step))
  }
  const userAuth = await loginWithChallenge(identity, { url, onStep, retries: 0 })()
  print(text.userAuth(userAuth, Date.now()))
  if (hub === undefined) return { ok: true, steps, userAuth }

  const threads = await listThreads(userAuth, hub, HUB_DEADLINE)
  print(text.threads(threads, hub))
  return { ok: true, steps, userAuth, threads }
}

/** Says in a code and in words what has gone wrong, and by what the server's log names the login. */
function describe(error: unknown): { code: string; message: string; id?: string | undefined } {
  if (error instanceof LoginError && isAway(error))
    return { code: error.code, message: `${error.message} To start one here: npm start` }
  if (error instanceof LoginError) return { code: error.code, message: error.message, id: error.id }
  if (error instanceof Failure) return { code: error.code, message: error.message }
  return { code: 'internal', message: `This command has a fault: ${String(error)}` }
}

/** Whether no server listens there, so that one may have to be started. */
function isAway({ code, cause }: LoginError): boolean {
  if (code !== 'connection_failed' || !(cause instanceof Error)) return false
  return 'code' in cause && cause.code === 'ECONNREFUSED'
}

/** Runs the command and returns its exit status. */
async function main(args: readonly string[]): Promise<number> {
  // Looked for in this plain way because a wrong command line is answered in JSON as well.
  const isJson = args.includes('--json')
  const printJson = (result: object) => process.stdout.write(`${JSON.stringify(result)}\n`)
  const print = isJson ? () => {} : (text: string) => process.stdout.write(text)
  try {
    const command = parseArguments(args)
    if (command.help) process.stdout.write(USAGE)
    else {
      const result = await run(command, print, new Text(isColourful(process.stdout)))
      if (isJson) printJson(result)
    }
    return 0
  } catch (error) {
    const { code, message, id } = describe(error)
    if (isJson) printJson({ ok: false, code, message, id })
    else process.stderr.write(new Text(isColourful(process.stderr)).failure(code, message, id))
    if (code === 'usage') process.stderr.write(`\n${USAGE}`)
    return 1
  }
}

/** Whether a person who has not declined colours is looking: https://no-color.org. */
function isColourful(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !process.env.NO_COLOR
}

const status = await main(process.argv.slice(2))
// The SDK leaves its socket to a Hub that hangs open, so the process would not end by itself.
process.stdout.write('', () => process.exit(status))
