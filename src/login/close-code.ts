/** With what a server of ours closes a socket: codes of RFC 6455. ws itself adds 1009. */
export const CloseCode = {
  /** The app has logged in, and asks for nothing more. */
  Normal: 1000,
  /** The server stops. */
  GoingAway: 1001,
  /** The app doesn't keep to the protocol, or doesn't start a login. */
  PolicyViolation: 1008,
} as const

/** One of the codes of {@link CloseCode}. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode]
