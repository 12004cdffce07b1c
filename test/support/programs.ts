import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What browsers of the Chromium family are called on a PATH. */
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

/** Folders that are not on every PATH, and yet have servers in them. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']

/** Where Debian puts each version of PostgreSQL. */
const POSTGRES_VERSIONS = '/usr/lib/postgresql'

/**
 * The programs that some tests start: the path of each, or `undefined` where it is not installed
 * and its tests are skipped. In CI, `test/support/missing-programs.ts` lets nothing be skipped.
 */
export const PROGRAMS = {
  /** A browser, also as CHROME_PATH says or where playwright puts it. */
  chromium: await findChromium(),
  /** PostgreSQL's `initdb`, which has the server's other programs beside it. */
  initdb: findProgram(['initdb'], postgresFolders()),
  redis: findProgram(['redis-server'], SERVER_FOLDERS),
  nginx: findProgram(['nginx'], SERVER_FOLDERS),
} as const

async function findChromium(): Promise<string | undefined> {
  const found = [process.env.CHROME_PATH ?? ''].find(isThere) ?? findProgram(BROWSERS)
  if (found !== undefined) return found
  const { chromium } = await import('playwright-core')
  return [chromium.executablePath()].find(isThere)
}

/** The newest version first. */
function postgresFolders(): string[] {
  const versions = existsSync(POSTGRES_VERSIONS) ? readdirSync(POSTGRES_VERSIONS) : []
  const newestFirst = versions.toSorted((one, other) => Number(other) - Number(one))
  return newestFirst.map((version) => join(POSTGRES_VERSIONS, version, 'bin'))
}

/** The first program of one of these names, in these folders or on the PATH. */
function findProgram(
  names: readonly string[],
  folders: readonly string[] = [],
): string | undefined {
  const all = [...folders, ...(process.env.PATH ?? '').split(delimiter)]
  return all.flatMap((folder) => names.map((name) => join(folder, name))).find(isThere)
}

function isThere(path: string): boolean {
  return path !== '' && existsSync(path)
}
