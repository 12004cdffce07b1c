import { z } from 'zod'
import { type Decision, MAX_REASON_LENGTH } from './authorize.js'

const decision = z.union([
  z.object({ allow: z.literal(true) }),
  z.object({ allow: z.literal(false), reason: z.string().max(MAX_REASON_LENGTH).optional() }),
])

/**
 * Reads what somebody else has decided, whoever they are.
 *
 * @returns `undefined` where it is no decision
 */
export function readDecision(value: unknown): Decision | undefined {
  return decision.safeParse(value).data
}
