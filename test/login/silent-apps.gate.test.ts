import { it } from 'vitest'
import { leaveUnanswered } from './silent-apps.js'

it(
  'survives ten thousand logins of apps that ask for a challenge and say nothing',
  () => leaveUnanswered(250, 40),
  120_000,
)
