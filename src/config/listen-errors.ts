import { ConfigError } from './config.js'

/**
 * Turns the system's refusal to listen on a port into a fault that names the variable to change.
 *
 * @returns a handler for the failed listening: throws a ConfigError, or the error it was given
 *   where that is about something else, another port among them
 */
export function namePort(variable: string, port: number): (error: unknown) => never {
  return (error) => {
    if (!isAbout(error, port)) throw error
    if (hasCode(error, 'EADDRINUSE')) throw new ConfigError([`${variable}: port ${port} is taken`])
    if (hasCode(error, 'EACCES')) throw new ConfigError([`${variable}: port ${port} is forbidden`])
    throw error
  }
}

/**
 * Turns the system's refusal to listen on an address into a fault that names the variable to
 * change.
 *
 * @returns a handler for the failed listening: throws a ConfigError, or the error it was given
 *   where that is about something else
 */
export function nameHost(variable: string, host: string | undefined): (error: unknown) => never {
  return (error) => {
    if (!hasCode(error, 'EADDRNOTAVAIL', 'ENOTFOUND')) throw error
    throw new ConfigError([`${variable}: ${host} is not an address of this machine`])
  }
}

function isAbout(error: unknown, port: number): boolean {
  return error instanceof Error && 'port' in error && error.port === port
}

/** Whether an error is one of the system's with one of these codes. */
function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => error.code === code)
}
