import { ConfigError } from './config-error.js'
import type { VariableName } from './variables.js'

/** Where a program wanted to listen: the variables that say so, and what they say. */
export interface ListenSettings {
  /** TCP ports, by the variables that they were read from. */
  readonly ports: Partial<Record<VariableName, number>>
  /** Host names or addresses, by the variables that they were read from. */
  readonly hosts?: Partial<Record<VariableName, string | undefined>>
}

/**
 * Turns the system's refusal to listen into an error that names the variable to change.
 *
 * @param error - what listening failed with
 * @throws ConfigError where a port is taken or forbidden, or a host is not an address of this
 *   machine; any other error as it is, one about a port that is not listed included
 */
export function explainListenError(error: unknown, { ports, hosts = {} }: ListenSettings): never {
  if (!(error instanceof Error)) throw error
  // A name that can't be looked up is in `hostname`, an address of another machine in `address`.
  const { code, port, address, hostname = address }: SystemError = error
  switch (code) {
    case 'EADDRINUSE':
      throw explain(ports, port, `port ${port} is taken`) ?? error
    case 'EACCES':
      throw explain(ports, port, `port ${port} is forbidden`) ?? error
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      throw explain(hosts, hostname, `${hostname} is not an address of this machine`) ?? error
    default:
      throw error
  }
}

/** What the system says about a failed listening, as far as it says something. */
interface SystemError extends Error {
  readonly code?: unknown
  readonly port?: unknown
  readonly address?: unknown
  readonly hostname?: unknown
}

/** The error for the first variable that has the value; nothing where none has. */
function explain(
  settings: Readonly<Record<string, unknown>>,
  value: unknown,
  reason: string,
): ConfigError | undefined {
  const found = Object.entries(settings).find(([, setting]) => setting === value)
  return found && new ConfigError([`${found[0]}: ${reason}`])
}
