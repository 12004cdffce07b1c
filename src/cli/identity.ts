import { readFile } from 'node:fs/promises'
import { PrivateKey } from '@textile/hub'
import { Failure } from './failure.js'

/**
 * Loads the identity that logs in.
 *
 * @param file - path of a file with the text of `PrivateKey.toString()`; without one the identity
 *   is a new random one
 * @throws Failure `bad_key`, which never shows what is in the file
 */
export async function loadIdentity(file: string | undefined): Promise<PrivateKey> {
  if (file === undefined) return PrivateKey.fromRandom()
  const key = parsePrivateKey((await readKeyFile(file)).trim())
  if (key) return key
  throw new Failure(
    'bad_key',
    `${file} does not hold a private key: it must hold the text of PrivateKey.toString(), which starts with "b", and nothing else.`,
  )
}

async function readKeyFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Failure('bad_key', `The key file ${file} cannot be read: does it exist?`, {
      cause: error,
    })
  }
}

function parsePrivateKey(text: string): PrivateKey | undefined {
  try {
    const key = PrivateKey.fromString(text)
    // The SDK takes the text of a public key too, and makes of it an identity that anyone who has
    // seen the public key could make as well. The text that it writes itself tells them apart.
    return key.toString() === text ? key : undefined
  } catch {
    return undefined
  }
}
