import { it } from 'vitest'
import { fuzzLogins } from './fuzz.js'

it(
  'whatever apps do for long, in whatever order, the server does as the state machine says',
  () => fuzzLogins(2_000),
  120_000,
)
