import { bases } from 'multiformats/basics'

/** Decoders by the one ASCII character that starts a text in their base. */
const decoders = new Map<string, { decode(text: string): Uint8Array }>(
  Object.values(bases)
    .filter((base) => /^[!-~]$/.test(base.prefix))
    .map((base) => [base.prefix, base.decoder]),
)

/**
 * Decodes a multibase text: one character naming the base, then the bytes in that base.
 *
 * @param text - for a Hub API secret usually base32, which starts with `b`
 * @returns the bytes, or `undefined` where the text is not multibase
 */
export function decodeMultibase(text: string): Uint8Array | undefined {
  try {
    return decoders.get(text.charAt(0))?.decode(text)
  } catch {
    return undefined
  }
}
