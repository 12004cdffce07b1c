import { z } from 'zod'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import { fieldOf, type Instance } from './instance.js'
import { compareValues } from './json.js'

/** Comparisons by the number that stands for each. The SDK sends 1 (not equal) for its `gt`. */
const COMPARISONS: Readonly<Record<number, (order: number) => boolean>> = {
  0: (order) => order === 0,
  1: (order) => order !== 0,
  2: (order) => order > 0,
  3: (order) => order < 0,
  4: (order) => order >= 0,
  5: (order) => order <= 0,
}

/** How deep queries may stand in each other's `ors`. */
const MAX_DEPTH = 32

const valueSchema = z.object({
  string: z.string().nullish(),
  bool: z.boolean().nullish(),
  float: z.number().nullish(),
})

const criterionSchema = z.object({
  fieldPath: z.string().nullish(),
  operation: z.number().nullish(),
  value: valueSchema.nullish(),
})

const querySchema = z.object({
  ands: z.array(criterionSchema).nullish(),
  get ors(): z.ZodOptional<z.ZodNullable<z.ZodArray<typeof querySchema>>> {
    return z.array(querySchema).nullish()
  },
  sort: z.object({ fieldPath: z.string().nullish(), desc: z.boolean().nullish() }).nullish(),
  seek: z.string().nullish(),
  limit: z.number().nullish(),
  skip: z.number().nullish(),
  index: z.string().nullish(),
})

/** A query, as the SDK writes it. */
export type Query = z.infer<typeof querySchema>

type Criterion = z.infer<typeof criterionSchema>

/**
 * Reads a query.
 *
 * @throws CallError where it is no JSON, no query, or one that nothing can be compared by
 */
export function parseQuery(text: string): Query {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw invalid('it is not JSON')
  }
  const parsed = querySchema.safeParse(json ?? {})
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw invalid(`${issue?.path.join('.') || 'it'} has the wrong type`)
  }
  checkCriteria(parsed.data, 0)
  return parsed.data
}

/**
 * Whether an instance is one that a query means: all of `ands` hold, or one of `ors` does. Without
 * `ands` it is, whatever `ors` say. A field that an instance lacks, or has with another type than
 * the query's value, is no match whatever the comparison.
 */
export function matches({ ands, ors }: Query, instance: Instance): boolean {
  return (
    (ands ?? []).every((criterion) => holds(criterion, instance)) ||
    (ors ?? []).some((query) => matches(query, instance))
  )
}

function holds({ fieldPath, operation, value }: Criterion, instance: Instance): boolean {
  const field = fieldOf(instance, fieldPath ?? '')
  const wanted = value?.string ?? value?.bool ?? value?.float
  const order = compareValues(field, wanted)
  return order !== undefined && (COMPARISONS[operation ?? 0]?.(order) ?? false)
}

function checkCriteria({ ands, ors }: Query, depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(`its ors are more than ${MAX_DEPTH} deep`)
  for (const { operation, value } of ands ?? []) {
    const { string, bool, float } = value ?? {}
    const given = [string, bool, float].filter((each) => each !== undefined && each !== null)
    if (given.length !== 1) throw invalid('value type should describe exactly one type')
    // A deliberate difference: this ends hubd's process.
    if (!COMPARISONS[operation ?? 0]) throw invalid(`there is no operation ${operation}`)
  }
  for (const query of ors ?? []) checkCriteria(query, depth + 1)
}

function invalid(text: string): CallError {
  return new CallError(Status.Unknown, `invalid query: ${text}`)
}
