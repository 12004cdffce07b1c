import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const message = z.record(z.string(), z.unknown())

const recordedCall = z.strictObject({
  group: z.string(),
  name: z.string(),
  method: z.string(),
  as: z.enum(['owner', 'other', 'nobody', 'forged']),
  key: z.enum(['user', 'user2', 'none']),
  thread: z.string().optional(),
  threadName: z.string().optional(),
  requests: z.array(message),
  replies: z.array(message),
  code: z.number().optional(),
  message: z.string().optional(),
  error: z.string().optional(),
  acts: z.array(message).optional(),
  staysOpen: z.boolean().optional(),
  crashedTheHub: z.boolean().optional(),
})

/** A call that was put to a real Hub, and what it answered. */
export type RecordedCall = z.infer<typeof recordedCall>

/** A call, and those that were made while it was open. */
export interface Step {
  readonly call: RecordedCall
  readonly during: readonly RecordedCall[]
}

/** The recorded calls in their order. Those of a listener's acts come with the listener. */
export function readRecording(): Step[] {
  const text = readFileSync(join(import.meta.dirname, '../hub-data-conformance.json'), 'utf8')
  const steps: Step[] = []
  let during: RecordedCall[] = []
  for (const call of z.array(recordedCall).parse(JSON.parse(text))) {
    if (call.group === 'setup' && call.name.startsWith('listen: ')) during.push(call)
    else {
      steps.push({ call, during })
      during = []
    }
  }
  return steps
}
