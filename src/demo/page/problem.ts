import { LoginError } from '../../client/browser.js'
import { describeLogId } from '../describe-login.js'

/** What happened, and what to do about it, in words for whoever looks at the page. */
export interface ProblemText {
  readonly title: string
  readonly advice: string
  /** How to find the login in the server's log. */
  readonly logHint?: string
}

/** The login server has not told the page where the Hub is. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

const SERVER_IS_DOWN: ProblemText = {
  title: 'The login server is down, or out of reach.',
  advice: 'Start it with npm start, then log in again.',
}

/** Errors of a login, by code. */
const LOGIN_PROBLEMS: Readonly<Record<string, ProblemText>> = {
  connection_failed: SERVER_IS_DOWN,
  connection_lost: {
    title: 'The login server went away in the middle of the login.',
    advice: 'Make sure that it runs, then log in again.',
  },
  shutting_down: {
    title: 'The login server is stopping.',
    advice: 'Start it again, then log in again.',
  },
  rate_limited: {
    title: 'There were too many logins from here.',
    advice: 'Wait a minute, then log in again.',
  },
  denied: {
    title: 'This identity may not log in here.',
    advice: "Ask the login server's operator, or use another identity.",
  },
  overloaded: {
    title: 'The login server is busy.',
    advice: 'Log in again in a moment.',
  },
  timeout: {
    title: 'The login took too long.',
    advice: 'The server or its Hub may be busy or hang. Log in again in a moment.',
  },
  challenge_timeout: {
    title: 'The challenge was not signed in time.',
    advice: 'Log in again.',
  },
  hub_unavailable: {
    title: 'The Hub is down, or the login server cannot reach it.',
    advice: 'Start the Hub, check HUB_URL, then log in again.',
  },
  hub_timeout: {
    title: 'The Hub took too long to answer.',
    advice: 'It may be busy. Log in again in a moment.',
  },
  hub_rejected: {
    title: "The Hub refuses the login server's API key.",
    advice: 'Give the server a key that the Hub knows: USER_API_KEY and USER_API_SECRET.',
  },
  bad_signature: {
    title: "The login was refused: the signature is not this identity's.",
    advice: 'Something changed it on its way. Log in again, or make a new identity.',
  },
  clock_skew: {
    title: "This device's clock is ahead.",
    advice: 'Set the clock, then log in again.',
  },
}

/**
 * Puts what went wrong in plain words.
 *
 * @param hubUrl - where the Hub is, as far as the page knows
 */
export function explainProblem(error: unknown, hubUrl: string): ProblemText {
  if (error instanceof LoginError) {
    const { code, message, id } = error
    const advice = 'Look at the log of the login server.'
    const problem = LOGIN_PROBLEMS[code] ?? { title: message, advice }
    return id === undefined ? problem : { ...problem, logHint: describeLogId(id) }
  }
  if (error instanceof SettingsError) return SERVER_IS_DOWN
  const text = error instanceof Error ? error.message : String(error)
  if (/closed without headers/.test(text)) {
    const advice = 'Start the Hub; this page needs its gRPC-web endpoint. Then try again.'
    return { title: `The Hub at ${hubUrl} is down, or out of reach.`, advice }
  }
  return { title: `The Hub refused: ${text}`, advice: 'Log in again, or change what was asked.' }
}
