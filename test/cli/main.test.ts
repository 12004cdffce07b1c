import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { dataFolder } from '../support/data-folder.js'
import { DEV_HUB, ProgramProcess, READY, runProgram, SERVER } from '../support/server-process.js'

const ROOT = join(import.meta.dirname, '../..')
const PROGRAM = 'cli/main.js'
const COMMANDS = ['start', 'login', 'users', 'dev-hub']

it('--help names every command and the exit statuses', async () => {
  const { stdout, stderr, status } = await runProgram(PROGRAM, {}, ['--help'])
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'))
  expect(stdout).toContain('Exit status: 0 if all went well, 1 if not, 2 if the command line')
})

it('--version tells that of the package', async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const ending = { status: 0, stdout: `${version}\n`, stderr: '' }
  expect(await runProgram(PROGRAM, {}, ['--version'])).toEqual(ending)
})

it.each([
  [[], /^Usage: textile-userauth /],
  [['stop'], /^error: unknown command 'stop'\n/],
  [['logn'], /\(Did you mean login\?\)\n/],
  [['--colour'], /^error: unknown option '--colour'\n/],
  [['start', 'now'], /^error: too many arguments for 'start'/],
  [['users'], /^Usage: textile-userauth users /],
])('a wrong command line ends with 2, and help: %j', async (args, text) => {
  const { stdout, stderr, status } = await runProgram(PROGRAM, {}, args)
  expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
  expect(stderr).toMatch(text)
  expect(stderr).toContain('Usage: textile-userauth')
})

it('start runs the server until it is told to stop', async () => {
  const DATA_DIR = await dataFolder()
  const environment = { DATA_DIR, ...SERVER }
  const server = await ProgramProcess.start(PROGRAM, environment, ['start'])
  await server.printed(READY)
  server.kill('SIGTERM')
  expect(await server.ended()).toMatchObject({ status: 0 })
})

it('start names the variable that is wrong', async () => {
  const { stderr, status } = await runProgram(PROGRAM, { PORT: 'x' }, ['start'])
  expect(status).toBe(1)
  expect(stderr).toMatch(/^PORT: /m)
})

it('dev-hub runs the development Hub, with its options', async () => {
  const hub = await ProgramProcess.start(PROGRAM, DEV_HUB, ['dev-hub', '--json'])
  await hub.printed(/^\{"url":"http:.*\}\n/)
  expect(hub.stderr).toBe('')
})

/** Makes a copy of the built package from which a package that it uses is missing. */
async function copyWithout(missing: string): Promise<string> {
  const folder = await dataFolder()
  await cp(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true })
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  manifest.peerDependencies = { 'a-package-of-tomorrow': '^3.0.0' }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await mkdir(join(folder, 'node_modules'))
  for (const name of await readdir(join(ROOT, 'node_modules')))
    if (name !== missing)
      await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  return folder
}

it('dev-hub names every package that it misses', async () => {
  const folder = await copyWithout('dotenv')
  const program = join(folder, 'dist', PROGRAM)
  expect(await runProgram(program, {}, ['dev-hub'])).toEqual({
    status: 1,
    stdout: '',
    stderr:
      'The development Hub needs packages that are not installed. Install them: npm install dotenv "a-package-of-tomorrow@^3.0.0"\n',
  })
})
