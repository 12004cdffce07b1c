import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { docs, formats } from '../../src/config/values.js'
import { VARIABLE_GROUPS } from '../../src/config/variables.js'

const ROOT = join(import.meta.dirname, '../..')

/** The longest line of `.env.example`. */
const MAX_LINE = 96

/** What stands around the part of `docs/configuration.md` that is made from the variables. */
const [BEGIN, END] = [
  '<!-- Made by `npm run docs` from src/config/variables.ts -->',
  '<!-- End of what `npm run docs` makes -->',
]

/** A variable as the documents show it. Texts are Markdown. */
export interface DocumentedVariable {
  readonly name: string
  readonly description: string
  /** What a value looks like. */
  readonly format: string
  /** The value that it has unless set, as it would be written. */
  readonly default: string | undefined
  /** What holds where it is not set and has no such value. */
  readonly unset: string | undefined
  /** A value that it can have, as it would be written. */
  readonly example: string | undefined
}

/** The groups of variables by their titles. */
export function documentedGroups(): readonly [title: string, DocumentedVariable[]][] {
  return Object.entries(VARIABLE_GROUPS).map(([title, group]) => [
    title,
    Object.entries(group).map(([name, schema]) => documented(name, schema)),
  ])
}

/** Makes the text of `.env.example`. Values have no comments behind them: docker would read them. */
export function makeEnvExample(): string {
  const lines = [
    ...comment(
      'Copy this file to .env. Remove the # in front of what you want to change. Variables of the process have priority over this file. docs/configuration.md has the same variables in tables.',
    ),
  ]
  for (const [title, group] of documentedGroups()) {
    lines.push('', '', `# ${title}`, `# ${'-'.repeat(title.length)}`)
    for (const variable of group) {
      const fallback = variable.unset ?? variable.default ?? 'none'
      lines.push('', ...comment(variable.description))
      lines.push(...comment(`Value: ${variable.format}. Default: ${fallback}.`))
      lines.push(`#${variable.name}=${variable.example ?? ''}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Makes the text of `docs/configuration.md`: its own words, with the tables of today. */
export async function makeConfigurationPage(): Promise<string> {
  const page = await readFile(join(ROOT, 'docs/configuration.md'), 'utf8')
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (before === -1 || after < before) throw new Error('docs/configuration.md has lost its marks')
  return `${page.slice(0, before)}${BEGIN}\n\n${makeTables()}\n${page.slice(after)}`
}

function makeTables(): string {
  const groups = documentedGroups()
  const contents = groups.map(([title]) => `- [${title}](#${anchorOf(title)})`)
  const tables = groups.map(([title, group]) =>
    [
      `## ${title}`,
      '',
      '| Variable | Value | Default | Meaning |',
      '|---|---|---|---|',
      ...group.map(makeRow),
      '',
    ].join('\n'),
  )
  return [...contents, '', ...tables].join('\n')
}

function makeRow(variable: DocumentedVariable): string {
  const { name, description, format, example, unset } = variable
  const fallback = unset ?? (variable.default === undefined ? 'none' : `\`${variable.default}\``)
  const sample =
    example === undefined || example === variable.default ? '' : ` Example: \`${example}\`.`
  return `| \`${name}\` | ${format} | ${fallback} | ${description}${sample} |`
}

function documented(name: string, schema: z.ZodOptional | z.ZodDefault): DocumentedVariable {
  const found = docs.get(schema)
  const inner = schema.unwrap()
  const format = formats.get(inner)?.format
  if (!found || !format) throw new Error(`${name} has no documentation`)
  const { description, unset, example } = found
  const value = schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined
  const fallback = value === undefined || unset !== undefined ? undefined : String(value)
  return { name, description, format, default: fallback, unset, example: example ?? fallback }
}

/** Breaks a text into lines of comment. */
function comment(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1) ?? '#'} ${word}`
    if (lines.length > 0 && line.length <= MAX_LINE) lines[lines.length - 1] = line
    else lines.push(`# ${word}`)
  }
  return lines
}

/** The anchor that Markdown gives a heading. */
function anchorOf(title: string): string {
  return title.toLowerCase().replaceAll(' ', '-')
}
