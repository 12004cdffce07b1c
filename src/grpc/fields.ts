/**
 * Writes headers or trailers as gRPC-web carries them: ASCII, a line each.
 *
 * @param fields - names in lower case; values of printable ASCII
 */
export function encodeFields(fields: Iterable<readonly [string, string]>): Uint8Array {
  let text = ''
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`
  return Buffer.from(text, 'latin1')
}

/**
 * Reads headers or trailers as gRPC-web carries them. Lines without a colon are passed over; of
 * a name that comes twice the last value stays.
 *
 * @returns values by name, in lower case
 */
export function decodeFields(bytes: Uint8Array): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of Buffer.from(bytes).toString('latin1').split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0)
      fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return fields
}
