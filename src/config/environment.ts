import { readFileSync } from 'node:fs'
import { parse } from 'dotenv'

/** Environment variables by name, from the process and from `.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the environment: what the process was given, and where that has nothing, the file `.env`
 * in the working directory. No such file is like an empty one.
 *
 * @throws the system's error where `.env` is there but can't be read
 */
export function readEnvironment(): Environment {
  return { ...readDotenv(), ...process.env }
}

/** The variables that are set. One that is empty is not: `PORT=` means the same as no `PORT`. */
export function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value))
}

function readDotenv(): Environment {
  try {
    return parse(readFileSync('.env'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
}
