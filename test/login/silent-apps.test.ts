import { it } from 'vitest'
import { leaveUnanswered } from './silent-apps.js'

it('survives apps that ask for a challenge and say nothing', () => leaveUnanswered(50, 10))
