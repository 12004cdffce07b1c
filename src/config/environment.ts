import { readFileSync } from 'node:fs'
import { parse } from 'dotenv'
import type { Environment } from './config.js'

/**
 * Reads the environment: what the process was given, and where that has nothing, the file `.env`
 * in the working directory. No such file is like an empty one.
 *
 * @throws the system's error where `.env` is there but can't be read
 */
export function readEnvironment(): Environment {
  return { ...readDotenv(), ...process.env }
}

function readDotenv(): Environment {
  try {
    return parse(readFileSync('.env'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
}
