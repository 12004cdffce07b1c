import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './markdown.js'

/** A command of a shell. */
export interface Command {
  /** What stands before it, such as `PORT=0`. */
  readonly variables: Readonly<Record<string, string>>
  /** The program and its arguments, without quotation marks. */
  readonly words: readonly string[]
  /** The line that it stands in, with every pipe. */
  readonly line: string
}

/** As much of package.json as commands depend on. */
interface Package {
  readonly scripts: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
}

/** A variable that Node.js reads by itself. */
const VARIABLE_OF_NODE = 'NODE_EXTRA_CA_CERTS'

/** Programs of the system that a document may tell its reader to run. */
const SYSTEM =
  'cd chmod chown cp curl docker git grep head jq kill mkdir openssl tail useradd'.split(' ')

/** Where the programs of the package's own command are. */
const PROGRAMS = ['dist/cli', 'dist/dev-hub']

/** npm's own commands that documents use; `start` and `test` are scripts. */
const NPM = ['ci', 'install', 'pack', 'start', 'test', 'run']

const WORD = /(?:"[^"]*"|'[^']*'|[^\s"'])+/g
const VARIABLE = /^([A-Z][A-Z_]*)=(.*)$/

/** Takes a block of commands apart: what `&&` and pipes join are commands of their own. */
export function parseCommands(text: string): Command[] {
  const lines = text.replaceAll(/\\\n\s*/g, '').split('\n')
  return lines.flatMap((line) => {
    const words = line.match(WORD) ?? []
    if (words.length === 0 || words[0]?.startsWith('#')) return []
    return splitAt(words, ['&&', '|']).map((words) => parseCommand(words, line))
  })
}

/**
 * Finds what is wrong with a command: a program, script, option or variable that there is not.
 *
 * @returns a line for each error
 */
export function findCommandErrors({ variables, words }: Command): string[] {
  const names = Object.keys(variables)
  const known = [...readVariables(), VARIABLE_OF_NODE]
  const unknown = names.filter((name) => !known.includes(name)).map((name) => `no variable ${name}`)
  return [...unknown, ...findProgramErrors(words)]
}

/** The program of ours that a script of package.json starts, from `dist` or `test`. */
export function programOf(script: string): { path: string; args: string[] } | undefined {
  const [, path, args = ''] = /((?:dist|test)\/\S+\.[jt]s)(.*)$/.exec(script) ?? []
  return path === undefined ? undefined : { path, args: args.match(WORD) ?? [] }
}

/** The names of the variables that `.env.example` explains. */
export function readVariables(): string[] {
  const example = readFileSync(join(ROOT, '.env.example'), 'utf8')
  return [...example.matchAll(/^#?([A-Z][A-Z_]*)=/gm)].map(([, name = '']) => name)
}

/** What package.json says. */
export function readPackage(): Package {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
}

function splitAt(words: readonly string[], separators: readonly string[]): string[][] {
  const groups: string[][] = [[]]
  for (const word of words) {
    if (separators.includes(word)) groups.push([])
    else groups.at(-1)?.push(word)
  }
  return groups
}

function parseCommand(parts: readonly string[], line: string): Command {
  const first = parts.findIndex((word) => !VARIABLE.test(word))
  const pairs = parts.slice(0, first).map((word) => VARIABLE.exec(word)?.slice(1) ?? [])
  const words = parts.slice(first).map((word) => word.replaceAll(/["']/g, ''))
  return { variables: Object.fromEntries(pairs), words, line: line.trim() }
}

function findProgramErrors([program = '', ...args]: readonly string[]): string[] {
  const { scripts, bin = {} } = readPackage()
  if (program === 'npx') return findProgramErrors(args)
  if (program in bin) return findOptionErrors(PROGRAMS, args)
  if (program === 'docker') return findDockerErrors(args)
  if (SYSTEM.includes(program)) return []
  if (program !== 'npm') return [`no program ${program}`]
  const [command = '', name = ''] = args.filter((word) => !['--silent', '-s'].includes(word))
  if (!NPM.includes(command)) return [`npm has no ${command}`]
  if (command !== 'run') return []
  const script = scripts[name]
  if (script === undefined) return [`there is no script ${name}`]
  const options = args.includes('--') ? args.slice(args.indexOf('--') + 1) : []
  const ours = programOf(script)
  return findOptionErrors(ours ? [dirname(ours.path), ...PROGRAMS] : [], options)
}

/** Options are declared somewhere in the folder of the program that reads them. */
function findOptionErrors(folders: readonly string[], args: readonly string[]): string[] {
  const names = args.filter((word) => word.startsWith('--')).map((word) => word.slice(2))
  if (names.length === 0) return []
  if (folders.length === 0) return ['the script takes no options']
  const files = folders.flatMap((folder) => {
    const path = join(ROOT, folder.replace(/^dist/, 'src'))
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
    return names.filter((name) => name.endsWith('.ts')).map((name) => join(path, name))
  })
  const source = files.map((file) => readFileSync(file, 'utf8')).join()
  // By Node.js's own parser of arguments, or by commander.
  const isDeclared = (name: string) =>
    new RegExp(`\\b${name}'?: { type: '|ption\\(\\s*'--${name}[ ']`).test(source)
  return names.filter((name) => !isDeclared(name)).map((name) => `no option --${name}`)
}

/** The port and the volume are those of the image. */
function findDockerErrors(args: readonly string[]): string[] {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  const instructions = args.flatMap((word, index) => {
    const [, inside = ''] = args[index + 1]?.split(':') ?? []
    if (word === '-p') return [`EXPOSE ${inside}`]
    return word === '-v' ? [`VOLUME ${inside}`] : []
  })
  return instructions.filter((line) => !dockerfile.includes(line)).map((line) => `no ${line}`)
}
