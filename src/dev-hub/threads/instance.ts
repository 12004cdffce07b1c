import { monotonicFactory } from 'ulid'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import { isJsonObject, type JsonObject } from './json.js'

/** What an app stores: an object with an ID. Never changed once it is made. */
export interface Instance {
  readonly id: string
  /** When it was last written, in ns since 1970: decimal digits, since it is beyond 2^53. */
  readonly mod: string
  /** What the app gave, with `_id`, without `_mod`. */
  readonly value: JsonObject
}

/** What an app gives to be created or saved, before it is known to be allowed. */
export interface Draft {
  /** Its `_id`, which may be empty; `undefined` where it has none. */
  readonly id: string | undefined
  /** Without `_mod`: that is the Hub's to write. */
  readonly value: JsonObject
}

/** The name of the field in which an instance is told when it was written. */
const MOD = '_mod'

/**
 * Reads what an app gives.
 *
 * @throws CallError where it is no JSON object, or its `_id` is neither a string nor `null`
 */
export function parseDraft(bytes: Uint8Array): Draft {
  const json = parseJson(bytes)
  // A deliberate difference: null ends hubd's process.
  if (!isJsonObject(json)) throw badInstance('it must be an object')
  const { [MOD]: _mod, ...value } = json
  const { _id: id } = value
  if (id !== undefined && id !== null && typeof id !== 'string') {
    throw badInstance('its _id must be a string')
  }
  return { id: id ?? undefined, value }
}

const createUlid = monotonicFactory()

/** Makes the ID of a new instance: a ULID in lower case, after those made before. */
export function createInstanceId(): string {
  return createUlid().toLowerCase()
}

let lastMod = 0n

/** Tells the time in ns since 1970, as decimal digits: each later than the one before. */
export function nextMod(): string {
  const now = BigInt(Math.floor((performance.timeOrigin + performance.now()) * 1000)) * 1000n
  lastMod = now > lastMod ? now : lastMod + 1n
  return String(lastMod)
}

/** Writes an instance as JSON, with `_mod` to the last digit. */
export function writeInstance({ mod, value }: Instance): string {
  const text = JSON.stringify(value)
  return text === '{}' ? `{"${MOD}":${mod}}` : `{"${MOD}":${mod},${text.slice(1)}`
}

/**
 * Reads an instance that came out of a read filter.
 *
 * @returns the instance, or `undefined` where it is hidden
 */
export function readFiltered(filtered: unknown, { id, mod }: Instance): Instance | undefined {
  if (!isJsonObject(filtered)) return undefined
  const { [MOD]: _mod, ...value } = filtered
  return { id, mod, value }
}

/**
 * The value of an instance's field.
 *
 * @param path - names with dots between them
 * @returns `undefined` where the instance has no such field
 */
export function fieldOf({ mod, value }: Instance, path: string): unknown {
  if (path === MOD) return Number(mod)
  let field: unknown = value
  for (const name of path.split('.')) {
    if (!isJsonObject(field) || !Object.hasOwn(field, name)) return undefined
    field = field[name]
  }
  return field
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    throw badInstance('it is not JSON')
  }
}

function badInstance(rule: string): CallError {
  return new CallError(Status.Unknown, `instance: ${rule}`)
}
