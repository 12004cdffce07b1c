/** A call that the Hub has answered. */
export interface EndedCall {
  /** `/<service>/<method>`. */
  readonly path: string
  /** A code of gRPC, 0 to 16, where 0 is success. */
  readonly code: number
  /** How long it took, in ms. */
  readonly ms: number
}

/** Where calls are told. */
export interface CallSource {
  /** The newest ones, a bounded number, oldest first. */
  readonly newest: readonly EndedCall[]
  /** Has a listener told of further calls, until the function is called that is returned. */
  subscribe(listener: (calls: readonly EndedCall[]) => void): () => void
}
