import { parseObject } from '../protocol.js'
import { clientError, LoginError, serverError } from './login-error.js'
import type { Settings } from './settings.js'
import type { WebSocketLike } from './types.js'

/** What a server has sent: an object, or `undefined` where it was no JSON object. */
export type Message = Readonly<Record<string, unknown>> | undefined

/**
 * One socket on which the app asks and the server answers, once per question.
 *
 * Every wait on it rejects as soon as the socket fails or is lost, the login is stopped, the
 * server sends an error, or the server speaks without having been asked.
 */
export interface Connection {
  /** Waits for the socket to open. */
  opened(): Promise<void>
  /** Sends a question. */
  ask(question: object): void
  /** Waits for the answer to the last question. */
  answer(): Promise<Message>
  /** Waits for work of the app's own. */
  during<T>(work: Promise<T>): Promise<T>
  /** Closes the socket, open or not. Doing it twice does no harm. */
  close(): void
}

/**
 * Opens a socket.
 *
 * @param stopped - rejects when the login is to stop
 * @throws LoginError `connection_failed` where the socket can't even be made
 */
export function connect(
  { WebSocket, url, connectTimeout }: Pick<Settings, 'WebSocket' | 'url' | 'connectTimeout'>,
  stopped: Promise<never>,
): Connection {
  let socket: WebSocketLike
  try {
    socket = new WebSocket(url)
  } catch (error) {
    // Browsers throw here where a page on https may not use a ws: address.
    throw connectionFailed(url, 'cannot be reached', error)
  }
  let isOpen = false
  let takeAnswer: ((message: Message) => void) | undefined
  let answer: Promise<Message> = new Promise(() => {})

  let timer: ReturnType<typeof setTimeout> | undefined
  const fail = (what: string, cause?: unknown) => connectionFailed(url, what, cause)

  const opened = new Promise<void>((resolve, reject) => {
    const error = () => fail(`did not answer within ${connectTimeout / 1000} s`)
    timer = setTimeout(() => reject(error()), connectTimeout)
    socket.addEventListener('open', () => {
      clearTimeout(timer)
      isOpen = true
      resolve()
    })
  })

  const broken = new Promise<never>((_, reject) => {
    let cause: unknown
    // The listener stays for good: `ws` throws where a socket fails unheard, and closing one that
    // is not yet open counts as a failure.
    socket.addEventListener('error', (event) => {
      cause = 'error' in event ? event.error : undefined
    })
    socket.addEventListener('close', () => {
      clearTimeout(timer)
      reject(isOpen ? clientError('connection_lost', cause) : fail('cannot be reached', cause))
    })
    socket.addEventListener('message', ({ data }) => {
      const message = typeof data === 'string' ? parseObject(data) : undefined
      if (takeAnswer) {
        takeAnswer(message)
        takeAnswer = undefined
      } else {
        reject(unexpected(message))
      }
    })
  })

  const ended = Promise.race([stopped, broken])
  const during = <T>(work: Promise<T>) => Promise.race([ended, work])

  return {
    opened: () => during(opened),
    ask(question) {
      answer = new Promise((resolve) => {
        takeAnswer = resolve
      })
      socket.send(JSON.stringify(question))
    },
    answer: () => during(answer),
    during,
    close: () => socket.close(),
  }
}

/**
 * Says what is wrong with a message that has no business coming now: an error that the server
 * reports, a challenge that must not be signed, or nonsense.
 */
export function unexpected(message: Message): LoginError {
  if (message?.type === 'error') return serverError(message)
  return clientError(message?.type === 'challenge' ? 'untrusted_challenge' : 'bad_response')
}

/** @param url - of which a query and a password, which may be secrets, are left out */
function connectionFailed(url: string, what: string, cause?: unknown): LoginError {
  const place = url.replace(/\?.*/, '').replace(/\/\/.*@/, '//')
  return new LoginError(
    'connection_failed',
    `The login server at ${place} ${what}. Check that it is running, that its address is right and that this device is online.`,
    { cause },
  )
}
