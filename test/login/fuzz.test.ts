import { it } from 'vitest'
import { fuzzLogins } from './fuzz.js'

it('whatever apps do, in whatever order, the server does as the state machine says', () =>
  fuzzLogins(150))
