import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { expect, it, onTestFinished } from 'vitest'
import { CLIENT_PACKAGE, writeClientPackage } from '../../src/build/client-package.js'
import { randomIdentity } from '../support/identity.js'
import { type Block, ROOT, readDocuments } from '../support/markdown.js'
import { freePort } from '../support/ports.js'
import { ProgramProcess, READY, SERVER } from '../support/server-process.js'
import { TestApp } from '../support/test-app.js'

const run = promisify(execFile)

/** The documents' examples in TypeScript. */
async function examples(): Promise<Block[]> {
  const documents = await readDocuments()
  const blocks = documents.flatMap((document) => document.blocks)
  return blocks.filter(({ language }) => ['ts', 'tsx'].includes(language))
}

/** Makes a folder beside this file, where the project's packages, itself and its client are found. */
async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(import.meta.dirname, 'examples-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeClientPackage(join(folder, 'node_modules', CLIENT_PACKAGE))
  return folder
}

/** Starts an example in TypeScript as a program of its own. */
async function startExample(
  source: string,
  environment: Record<string, string> = {},
): Promise<ProgramProcess> {
  const { code } = await transform(source, { loader: 'ts', format: 'esm' })
  const file = join(await makeFolder(), 'program.mjs')
  await writeFile(file, code)
  return ProgramProcess.start(relative(join(ROOT, 'dist'), file), environment)
}

it('the examples compile', async () => {
  const found = await examples()
  expect(found.map(({ language }) => language)).toContain('tsx')
  const folder = await makeFolder()
  await Promise.all(
    found.map(({ path, language, text }, index) =>
      writeFile(join(folder, `${basename(path, '.md')}-${index}.${language}`), text),
    ),
  )
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        lib: ['es2023', 'dom'],
        types: ['node'],
        module: 'esnext',
        moduleResolution: 'bundler',
        moduleDetection: 'force',
        jsx: 'react-jsx',
        strict: true,
        skipLibCheck: true,
        noEmit: true,
      },
    }),
  )
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const compiled = run(process.execPath, [tsc, '-p', folder])
  await compiled.catch(({ stdout }) => expect.unreachable(stdout))
})

it('the examples of logins, with the client and without it, list threads at the built-in Hub', async () => {
  const isLogin = ({ path, text }: Block) =>
    path === 'docs/client.md' && text.includes('const client =') && !/Buckets|React/i.test(text)
  const blocks = (await examples()).filter(isLogin)
  expect(blocks).toHaveLength(2)
  const [port, hubPort] = [String(await freePort()), String(await freePort())]
  const ports = { PORT: port, DEV_HUB_PORT: hubPort, DEV_HUB_GRPC_PORT: '0' }
  const server = await ProgramProcess.start('index.js', ports)
  await server.printed(READY)
  for (const { text } of blocks) {
    // Browsers and newer versions of Node.js have a global WebSocket.
    const program = `import { WebSocket } from 'ws'; globalThis.WebSocket ??= WebSocket
      ${text.replace(':3001', `:${port}`).replace(':3007', `:${hubPort}`)}
      process.stdout.write(JSON.stringify(await client.listThreads()), () => process.exit())`
    const example = await startExample(program)
    expect(await example.ended()).toMatchObject({ status: 0, stdout: '[]' })
  }
})

it('the program that embeds the server runs, and lets only its members log in', async () => {
  const block = (await examples()).find(({ text }) => text.includes("'textile-userauth/server'"))
  const member = randomIdentity()
  const source = block?.text.replace('bbaareie…', member.pubkey) ?? ''
  const program = await startExample(source, SERVER)
  const [, url = ''] = await program.printed(READY)
  const app = await TestApp.connect(url)
  expect(await app.login(member)).toMatchObject({ type: 'token' })
  const refusal = { code: 'denied', value: 'Only members may log in.' }
  expect(await app.login()).toMatchObject(refusal)
})
