import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import { checkName } from './errors.js'
import { checkGuards } from './guards/guards.js'
import { fieldAsJson, type InstanceSet } from './instance-set.js'
import { isJsonObject } from './json.js'
import { rewriteSchema } from './schema/rewrite-schema.js'
import { checkIdProperty, SchemaValidator } from './schema/schema-validator.js'

/** A field that queries may go by, and whose values may have to be unique. */
export interface Index {
  /** Names with dots between them. */
  readonly path: string
  readonly unique: boolean
}

/** How a collection is set up. */
export interface CollectionConfig {
  readonly name: string
  /** A JSON Schema of draft 4, as JSON. */
  readonly schema: string
  readonly indexes: readonly Index[]
  /** Body of a function that decides on writes; or empty. */
  readonly writeValidator: string
  /** Body of a function that decides what readers see; or empty. */
  readonly readFilter: string
}

/** A collection of a database. Its instances are not part of it: they outlive it, as at hubd. */
export class Collection {
  readonly config: CollectionConfig
  readonly validator: SchemaValidator

  /** @param config - as `checkConfig` returns it */
  constructor(config: CollectionConfig) {
    this.config = config
    const schema: unknown = JSON.parse(config.schema)
    this.validator = new SchemaValidator(isJsonObject(schema) ? schema : {})
  }

  /** The paths of its unique indexes. */
  get uniquePaths(): string[] {
    return this.config.indexes.filter(({ unique }) => unique).map(({ path }) => path)
  }
}

/**
 * Checks how a collection is to be set up.
 *
 * @returns the same, with the schema as hubd stores it
 * @throws CallError with the first thing that is wrong
 */
export async function checkConfig(config: CollectionConfig): Promise<CollectionConfig> {
  const schema = rewriteSchema(parseSchema(config.schema))
  if (config.name !== '') checkName(config.name)
  checkIdProperty(schema)
  if (config.indexes.some(({ path }) => path === '_id')) {
    throw new CallError(Status.Unknown, 'cannot create custom index on _id')
  }
  await checkGuards(config.writeValidator, config.readFilter)
  return { ...config, schema: JSON.stringify(schema) }
}

/**
 * Throws where two instances have the same value in a field that is to be unique.
 *
 * @throws CallError
 */
export function checkUnique(paths: readonly string[], instances: InstanceSet): void {
  for (const path of paths) {
    const seen = new Set<string>()
    for (const instance of instances.sorted()) {
      const value = fieldAsJson(instance, path)
      if (value === undefined) continue
      if (seen.has(value)) {
        const text = "can't create unique index (duplicate instances exist)"
        throw new CallError(Status.Unknown, text)
      }
      seen.add(value)
    }
  }
}

function parseSchema(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CallError(Status.Unknown, 'schema: it must be JSON')
  }
}
