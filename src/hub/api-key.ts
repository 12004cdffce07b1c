/** The server's own key at the Hub. */
export interface ApiKey {
  /** The key: multibase base32 of 16 bytes. Apps get to see it. */
  readonly key: string
  /** The secret's bytes, after multibase decoding. Nobody gets to see it. */
  readonly secret: Uint8Array
}
