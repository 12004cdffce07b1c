import { Status } from '../../../grpc/status.js'
import { CallError } from '../../call.js'
import { isJsonObject, type JsonObject } from '../json.js'

/** What a keyword's value must be. `any` is kept as it is, `null` excepted. */
type Kind = 'text' | 'integer' | 'boolean' | 'texts' | 'schema' | 'schemas' | 'schemaMap' | 'any'

/**
 * The keywords that hubd knows, in the order in which it writes them: it reads a schema into a
 * structure of draft 4 and stores what that structure holds. Seen in recordings, and in the
 * structure's own documentation.
 */
const KEYWORDS: readonly (readonly [string, Kind])[] = [
  ['$schema', 'text'],
  ['$ref', 'text'],
  ['multipleOf', 'integer'],
  ['maximum', 'integer'],
  ['exclusiveMaximum', 'boolean'],
  ['minimum', 'integer'],
  ['exclusiveMinimum', 'boolean'],
  ['maxLength', 'integer'],
  ['minLength', 'integer'],
  ['pattern', 'text'],
  ['additionalItems', 'schema'],
  ['items', 'schema'],
  ['maxItems', 'integer'],
  ['minItems', 'integer'],
  ['uniqueItems', 'boolean'],
  ['maxProperties', 'integer'],
  ['minProperties', 'integer'],
  ['required', 'texts'],
  ['properties', 'schemaMap'],
  ['patternProperties', 'schemaMap'],
  ['additionalProperties', 'any'],
  ['dependencies', 'schemaMap'],
  ['enum', 'any'],
  ['type', 'text'],
  ['allOf', 'schemas'],
  ['anyOf', 'schemas'],
  ['oneOf', 'schemas'],
  ['not', 'schema'],
  ['definitions', 'schemaMap'],
  ['title', 'text'],
  ['description', 'text'],
  ['default', 'any'],
  ['format', 'text'],
  ['examples', 'any'],
  ['media', 'schema'],
  ['binaryEncoding', 'text'],
]

/** How deep schemas may stand in each other. */
const MAX_DEPTH = 64

/**
 * Rewrites a schema as hubd does: keywords that it doesn't know are dropped, as are 0, `false` and
 * what is empty; the rest comes in its order, property names sorted.
 *
 * @throws CallError where a keyword's value is not what draft 4 and hubd demand
 */
export function rewriteSchema(schema: unknown, path = '', depth = 0): JsonObject {
  if (depth > MAX_DEPTH) throw badSchema(path, `must not be deeper than ${MAX_DEPTH} schemas`)
  if (schema === null) return {}
  if (!isJsonObject(schema)) throw badSchema(path, 'must be an object')
  const rewritten: Record<string, unknown> = {}
  for (const [keyword, kind] of KEYWORDS) {
    const value = schema[keyword]
    if (value === undefined || value === null) continue
    const written = rewriteValue(value, kind, `${path}/${keyword}`, depth)
    if (!isEmpty(written, kind)) rewritten[keyword] = written
  }
  return rewritten
}

function rewriteValue(value: unknown, kind: Kind, path: string, depth: number): unknown {
  switch (kind) {
    case 'any':
      return value
    case 'text':
      if (typeof value !== 'string') throw badSchema(path, 'must be a string')
      return value
    case 'integer':
      if (!Number.isSafeInteger(value)) throw badSchema(path, 'must be an integer')
      return value
    case 'boolean':
      if (typeof value !== 'boolean') throw badSchema(path, 'must be true or false, as in draft 4')
      return value
    case 'texts':
      if (!isListOfTexts(value)) throw badSchema(path, 'must be a list of strings')
      return value
    case 'schema':
      return rewriteSchema(value, path, depth + 1)
    case 'schemas':
      if (!Array.isArray(value)) throw badSchema(path, 'must be a list of schemas')
      return value.map((item, index) => rewriteSchema(item, `${path}/${index}`, depth + 1))
    case 'schemaMap': {
      if (!isJsonObject(value)) throw badSchema(path, 'must be an object of schemas')
      const names = Object.keys(value).sort()
      return Object.fromEntries(
        names.map((name) => [name, rewriteSchema(value[name], `${path}/${name}`, depth + 1)]),
      )
    }
  }
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

/** What hubd leaves out. A schema that is there is kept, however empty. */
function isEmpty(value: unknown, kind: Kind): boolean {
  if (kind === 'schema') return false
  if (kind === 'any') return Array.isArray(value) && value.length === 0
  if (Array.isArray(value)) return value.length === 0
  if (isJsonObject(value)) return Object.keys(value).length === 0
  return value === 0 || value === '' || value === false
}

function badSchema(path: string, rule: string): CallError {
  return new CallError(Status.Unknown, `schema: ${path === '' ? 'it' : path} ${rule}`)
}
