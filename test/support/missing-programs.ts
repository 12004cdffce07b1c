import { PROGRAMS } from './programs.js'

/** Paths of the programs that tests start, as far as they are installed. */
type Programs = Readonly<Record<keyof typeof PROGRAMS, string | undefined>>

/** Each program's name, Debian's package of it, and what is not tested without it. */
const USES: readonly (readonly [keyof Programs, string, string, string])[] = [
  ['chromium', 'Chromium', 'chromium', 'the tests in a browser'],
  ['initdb', 'PostgreSQL', 'postgresql', 'the tests against PostgreSQL'],
  ['redis', 'Redis', 'redis-server', 'the tests against Redis'],
  ['nginx', 'nginx', 'nginx', 'the tests behind nginx'],
]

/** Before all tests: says what will be skipped. */
export function setup(): void {
  const text = reportMissing(PROGRAMS, process.env.CI)
  if (text !== '') process.stderr.write(`${text}\n`)
}

/**
 * Tells what is skipped for want of a program, and how to install it: a line for each.
 *
 * @param ci - the variable that CI services set
 * @throws where it is set: there nothing may be skipped
 */
export function reportMissing(programs: Programs, ci = ''): string {
  const missing = USES.filter(([key]) => programs[key] === undefined)
  const lines = missing.map(([, name, debian, tests]) => {
    return `SKIPPED: ${tests}. ${name} was not found. On Debian: apt-get install ${debian}\n`
  })
  if (lines.length > 0 && !['', '0', 'false'].includes(ci))
    throw new Error(`CI has to run every test, and cannot:\n${lines.join('')}`)
  return lines.join('')
}
