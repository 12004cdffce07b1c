import type { Command } from 'commander'
import { readManifest, STATUS } from './command.js'

/** Adds `dev-hub` to the program: a Hub for development, which reads its options itself. */
export function addDevHub(program: Command): void {
  program
    .command('dev-hub')
    .description('run a Hub for development; --help tells its options')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(runDevHub)
}

async function runDevHub(): Promise<void> {
  // So that it finds its own options where every program's are.
  process.argv.splice(process.argv.indexOf('dev-hub'), 1)
  try {
    await import('../dev-hub/main.js')
  } catch (error) {
    const missing = missingPackage(error)
    if (missing === undefined) throw error
    const packages = packagesToInstall(missing).join(' ')
    process.stderr.write(
      `The development Hub needs packages that are not installed. Install them: npm install ${packages}\n`,
    )
    process.exitCode = STATUS.failed
  }
}

/** The name of the package for want of which an import has failed. */
function missingPackage(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  if (!/^(ERR_)?MODULE_NOT_FOUND$/.test(String(error.code))) return undefined
  return /^Cannot find (?:package|module) '((?:@[^/']+\/)?[^./'][^/']*)/.exec(error.message)?.[1]
}

/** That package, and all others that installers may leave out and have: with their versions. */
function packagesToInstall(missing: string): string[] {
  const { peerDependencies = {} } = readManifest()
  const others = Object.keys(peerDependencies).filter((name) => !isInstalled(name))
  return [...new Set([missing, ...others])].map((name) => {
    const range = peerDependencies[name]
    return range === undefined ? name : `"${name}@${range}"`
  })
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
}
