import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import draft04 from 'ajv-draft-04'
import addFormats from 'ajv-formats'
import { Status } from '../../../grpc/status.js'
import { CallError } from '../../call.js'
import { isJsonObject, type JsonObject } from '../json.js'

/** The text of a violation for those keywords of which hubd's is known; ours for the rest. */
type Describe = (params: Readonly<Record<string, unknown>>, value: unknown) => string

const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  type: ({ type }, value) => `Invalid type. Expected: ${type}, given: ${typeOf(value)}`,
  required: ({ missingProperty }) => `${missingProperty} is required`,
  maximum: ({ limit, comparison }) =>
    comparison === '<' ? `Must be less than ${limit}` : `Must be less than or equal to ${limit}`,
  minimum: ({ limit, comparison }) =>
    comparison === '>'
      ? `Must be greater than ${limit}`
      : `Must be greater than or equal to ${limit}`,
}

/** Validates the instances of one collection. */
export class SchemaValidator {
  readonly #schema: JsonObject
  #validate: ValidateFunction | undefined

  /** @param schema - a schema of draft 4, as `rewriteSchema` returns it */
  constructor(schema: JsonObject) {
    this.#schema = schema
  }

  /**
   * Validates an instance.
   *
   * @throws CallError with the first violation, or where the schema itself can't be used, which
   *   hubd, too, says no earlier
   */
  check(instance: JsonObject): void {
    this.#validate ??= compile(this.#schema)
    if (this.#validate(instance)) return
    const [error] = this.#validate.errors ?? []
    const text = error ? describe(error, instance) : 'invalid'
    throw new CallError(Status.Unknown, `instance doesn't correspond to schema: ${text}`)
  }
}

/**
 * Throws unless a schema says that `_id` is a string, at its top or where its top refers to.
 *
 * @throws CallError
 */
export function checkIdProperty(schema: JsonObject): void {
  const [, name] = /^#\/definitions\/([^/]+)$/.exec(String(schema.$ref ?? '')) ?? []
  const { definitions } = schema
  const top = name !== undefined && isJsonObject(definitions) ? definitions[name] : schema
  const properties = isJsonObject(top) ? top.properties : undefined
  const id = isJsonObject(properties) ? properties._id : undefined
  if (!isJsonObject(id) || id.type !== 'string') {
    throw new CallError(Status.Unknown, 'the collection schema _id property must be a string')
  }
}

function compile({ $schema: _, ...schema }: JsonObject): ValidateFunction {
  // An instance for each schema: one of them keeps every schema that it has seen.
  const ajv = new draft04.default({ strict: false, logger: false })
  // Both packages are typed for another module system than their own.
  addFormats.default(ajv satisfies Ajv)
  try {
    return ajv.compile(schema)
  } catch (error) {
    const text = error instanceof Error ? error.message : 'it is no JSON Schema'
    throw new CallError(Status.Unknown, `the collection's schema can't be used: ${text}`)
  }
}

function describe({ instancePath, keyword, params, message }: ErrorObject, instance: JsonObject) {
  const steps = instancePath.split('/').slice(1).map(unescapeStep)
  const field = steps.length === 0 ? '(root)' : steps.join('.')
  const text = DESCRIPTIONS[keyword]?.(params, valueAt(instance, steps)) ?? message ?? keyword
  return `${field}: ${text}`
}

/** A step of a JSON Pointer. */
function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}

function valueAt(instance: unknown, steps: readonly string[]): unknown {
  let value = instance
  for (const step of steps) {
    if (Array.isArray(value)) value = value[Number(step)]
    else value = isJsonObject(value) ? value[step] : undefined
  }
  return value
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}
