import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'dotenv'
import { describe, expect, it } from 'vitest'
import { VARIABLE_NAMES, variables } from '../../src/config/variables.js'
import { documentedGroups, makeConfigurationPage, makeEnvExample } from './documents.js'

const ROOT = join(import.meta.dirname, '../..')

/** The variables of a file, as they would be read once nothing is commented out. */
async function linesOf(file: string): Promise<string[]> {
  const lines = (await readFile(join(ROOT, file), 'utf8')).split('\n')
  return lines.filter((line) => /^#?[A-Z_]+=/.test(line)).map((line) => line.replace('#', ''))
}

// `npm run docs` runs these with --update, which writes the files instead of comparing them.
describe('what npm run docs writes', () => {
  it('is .env.example', async () => {
    await expect(makeEnvExample()).toMatchFileSnapshot(join(ROOT, '.env.example'))
  })

  it('is in docs/configuration.md', async () => {
    const file = join(ROOT, 'docs/configuration.md')
    await expect(await makeConfigurationPage()).toMatchFileSnapshot(file)
  })
})

describe('.env.example', () => {
  it('has every variable, once', async () => {
    const names = (await linesOf('.env.example')).map((line) => line.split('=')[0])
    expect(names.toSorted()).toEqual(VARIABLE_NAMES.toSorted())
  })

  it('has values that docker reads as dotenv does: no quotes, nothing behind them', async () => {
    for (const line of await linesOf('.env.example')) {
      const [name = '', value] = line.split(/=(.*)/)
      expect(parse(line), line).toEqual({ [name]: value })
      expect(value, line).not.toMatch(/["'#\s]/)
    }
  })

  it('has values that are valid', async () => {
    for (const line of await linesOf('.env.example')) {
      const [name = '', value] = line.split(/=(.*)/)
      const { issues } = variables.partial().safeParse({ [name]: value || undefined }).error ?? {}
      expect(issues, line).toBeUndefined()
    }
  })
})

describe('the documentation of a variable', () => {
  const all = documentedGroups().flatMap(([, group]) => group)

  it.each(all)('of $name is made of whole sentences', ({ description, format, unset = '' }) => {
    expect(description).toMatch(/^[A-Z].*\.$/)
    expect(`${description}${format}${unset}`).not.toMatch(/[|\n]/)
    expect(`${format}${unset}`).not.toMatch(/\.$/)
  })
})
