import { readFile } from 'node:fs/promises'
import type { PrivateKey } from '@textile/hub'
import { parseIdentity } from '../demo/identity.js'
import { CommandError } from './command.js'

/**
 * Reads the identity in a key file.
 *
 * @param file - path of a file with the text of `PrivateKey.toString()`
 * @throws CommandError `bad_key`, which never shows what is in the file
 */
export async function readKeyFile(file: string): Promise<PrivateKey> {
  const identity = parseIdentity(await readText(file))
  if (identity) return identity
  throw new CommandError(
    'bad_key',
    `${file} does not hold a private key: it must hold the text of PrivateKey.toString(), which starts with "b", and nothing else.`,
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new CommandError('bad_key', `The key file ${file} cannot be read: does it exist?`, {
      cause,
    })
  }
}
