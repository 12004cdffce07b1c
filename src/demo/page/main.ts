import { Client, type PrivateKey } from '@textile/hub'
import { toSvg } from 'jdenticon'
import { LoginError, loginWithChallenge, type UserAuth } from '../../client/browser.js'
import { withDeadline } from '../../deadline.js'
import { find, make } from './dom.js'
import { findHubUrl } from './hub-url.js'
import { importIdentity, keptIdentity, newIdentity } from './identity.js'
import { explainProblem, type ProblemText } from './problem.js'
import { SessionView } from './session-view.js'
import { Timeline } from './timeline.js'
import { UserAuthView } from './user-auth-view.js'

/** How long a call to the Hub, a login within it included, may take, in s: the SDK never stops. */
const HUB_CALL_TIMEOUT = 30

/** How many attempts a login makes after its first, so that a person soon sees what is wrong. */
const RETRIES = 1

const timeline = new Timeline(find('timeline', HTMLOListElement))
const userAuthView = new UserAuthView(find('fields', HTMLElement), find('life', HTMLElement))
const sessionView = new SessionView(find('session', HTMLElement))
const status = find('status', HTMLElement)
const problem = find('problem', HTMLElement)

/** Where the Hub is for browsers, once it has been needed. */
let hubUrl = ''
let session = openSession(keptIdentity())

find('log-in', HTMLButtonElement).addEventListener('click', () => void logIn())
find('list-threads', HTMLButtonElement).addEventListener('click', () => void listThreads())
find('new-identity', HTMLButtonElement).addEventListener('click', () => {
  session = openSession(newIdentity(), session)
  status.textContent = 'This browser has a new identity now.'
})
find('log-out', HTMLButtonElement).addEventListener('click', () => {
  session = openSession(session.identity, session)
  status.textContent = 'You are logged out.'
})
find('export', HTMLButtonElement).addEventListener('click', exportIdentity)
find('import', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  importFromField()
})
find('create-thread', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  void createThread()
})
// From here on nothing that a person does is lost: what needs the Hub's address waits for it.
for (const button of document.querySelectorAll('button')) button.disabled = false
// Where this fails, whatever needs the address asks again, and says so.
findHubUrl().catch(() => {})

/** What the page does in the name of one identity. */
interface Session {
  readonly identity: PrivateKey
  readonly logIn: () => Promise<UserAuth>
  /** Calls the Hub as the identity, by `call`, as soon as the page knows where the Hub is. */
  askHub<T>(call: (client: Client) => Promise<T>): Promise<T>
  /** Logs out, and ends its login if one runs, when another session takes its place. */
  close(): void
}

/** Shows an identity, not logged in, in place of the one before. */
function openSession(identity: PrivateKey, before?: Session): Session {
  before?.close()
  sessionView.clear()
  const name = identity.public.toString()
  find('public-key', HTMLElement).textContent = name
  const avatar = find('avatar', HTMLImageElement)
  avatar.src = `data:image/svg+xml,${encodeURIComponent(toSvg(name, 72))}`
  for (const id of ['handshake', 'user-auth', 'threads']) find(id, HTMLElement).hidden = true
  problem.replaceChildren()

  const closing = new AbortController()
  const login = loginWithChallenge(identity, {
    retries: RETRIES,
    signal: closing.signal,
    storage: sessionStorage,
    onStep: (step) => {
      find('handshake', HTMLElement).hidden = false
      timeline.add(step)
      sessionView.add(step)
    },
  })
  const logIn = async (): Promise<UserAuth> => {
    const userAuth = await login()
    userAuthView.show(userAuth)
    return userAuth
  }
  const close = () => {
    closing.abort()
    login.forget()
  }
  let client: Client | undefined
  const askHub = async <T>(call: (client: Client) => Promise<T>): Promise<T> => {
    hubUrl = await findHubUrl()
    client ??= Client.withUserAuth(logIn, hubUrl)
    const lateError = () => new Error('no answer came in time')
    return withDeadline(HUB_CALL_TIMEOUT, call(client), lateError)
  }
  return { identity, logIn, askHub, close }
}

async function logIn(): Promise<void> {
  const isLoggedIn = await attempt('Logging in …', () => session.logIn())
  if (!isLoggedIn) return
  find('user-auth', HTMLElement).hidden = false
  find('threads', HTMLElement).hidden = false
  await listThreads()
}

async function listThreads(): Promise<void> {
  await attempt('Asking the Hub for your threads …', async () => {
    const threads = await session.askHub((client) => client.listThreads())
    const names = threads.map(({ id, name }) => make('li', '', name || id || ''))
    const none = [make('li', '', 'none yet')]
    find('thread-list', HTMLElement).replaceChildren(...(names.length > 0 ? names : none))
  })
}

async function createThread(): Promise<void> {
  const field = find('thread-name', HTMLInputElement)
  const isCreated = await attempt('Creating the thread …', () =>
    session.askHub((client) => client.newDB(undefined, field.value)),
  )
  if (!isCreated) return
  field.value = ''
  await listThreads()
}

function exportIdentity(): void {
  const link = document.createElement('a')
  link.href = `data:text/plain,${encodeURIComponent(session.identity.toString())}`
  link.download = 'identity.txt'
  link.click()
  status.textContent = 'The private key was saved as identity.txt. Keep it safe.'
}

function importFromField(): void {
  const field = find('private-key', HTMLTextAreaElement)
  const identity = importIdentity(field.value)
  if (!identity) {
    const advice = 'Paste the whole text that was exported.'
    show({ title: 'This text is no private key.', advice })
    return
  }
  field.value = ''
  session = openSession(identity, session)
  status.textContent = 'The identity was imported.'
}

/** Does something, shows that it runs, and shows what went wrong; tells whether it went well. */
async function attempt(what: string, work: () => Promise<unknown>): Promise<boolean> {
  status.textContent = what
  problem.replaceChildren()
  try {
    await work()
    status.textContent = ''
    return true
  } catch (error) {
    status.textContent = ''
    const isReplaced = error instanceof LoginError && error.code === 'aborted'
    if (!isReplaced) show(explainProblem(error, hubUrl))
    return false
  }
}

function show({ title, advice, logHint }: ProblemText): void {
  problem.replaceChildren(make('strong', '', title), make('span', '', advice))
  if (logHint) problem.append(make('span', '', logHint))
}
