/**
 * A token as a Hub writes it, with a signature that proves nothing.
 *
 * @param sub - the user whom it speaks for, if it is text
 */
export function unsignedToken(sub: unknown): string {
  const parts = [
    { alg: 'Ed25519', typ: 'JWT' },
    { iat: 1, iss: 'b', sub },
  ]
  const [header, payload] = parts.map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  return `${header}.${payload}.c2ln`
}
