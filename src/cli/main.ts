#!/usr/bin/env node
/** The program `textile-userauth`. */
import { Command, CommanderError } from 'commander'
import { printJson, readManifest, STATUS } from './command.js'
import { addDevHub } from './dev-hub-command.js'
import { addLogin } from './login-command.js'
import { addUsers } from './users-command.js'

/** What `--help` says beyond commands and options. */
const HELP = `
Exit status: ${STATUS.done} if all went well, ${STATUS.failed} if not, ${STATUS.wrongUsage} if the command line is wrong.
In a checkout of the sources: npm start, and npm run login, users or dev-hub, options behind --.`

// Whoever reads the output may leave early, as `head` does. The command goes on to its end, and
// its exit status says how that was.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = await run(process.argv)

/** Runs the command that a command line names, and returns the exit status so far. */
async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv)
    return Number(process.exitCode ?? STATUS.done)
  } catch (error) {
    if (error instanceof CommanderError) return explainUsage(error, argv)
    throw error
  }
}

function createProgram(): Command {
  const program = new Command('textile-userauth')
    .description('A login server for apps on a Textile Hub.')
    .version(readManifest().version)
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError()
    .addHelpText('after', HELP)
  program
    .command('start')
    .description('run the login server, as the environment and the file .env say')
    .action(async () => {
      await import('../index.js')
    })
  addLogin(program)
  addUsers(program)
  addDevHub(program)
  return program
}

/** Tells what was wrong with a command line, in JSON too where that is asked for. */
function explainUsage({ exitCode, message }: CommanderError, argv: readonly string[]): number {
  if (exitCode === 0) return STATUS.done
  // Looked for in this plain way because the line was not understood.
  if (argv.includes('--json'))
    printJson({ ok: false, code: 'usage', message: message.replace(/^error: /, '') })
  return STATUS.wrongUsage
}
