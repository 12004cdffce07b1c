import { Client, type PrivateKey } from '@textile/hub'
import { toSvg } from 'jdenticon'
import { LoginError, loginWithChallenge, type UserAuth } from '../../client/browser.js'
import { find, make } from './dom.js'
import { explain, type Failure } from './failure.js'
import { importIdentity, keptIdentity, newIdentity } from './identity.js'
import { Timeline } from './timeline.js'
import { UserAuthView } from './user-auth-view.js'

/** How long a call to the Hub, a login within it included, may take, in ms: the SDK never stops. */
const HUB_CALL_TIMEOUT_MS = 30_000

/** How many attempts a login makes after its first, so that a person sees a failure soon. */
const RETRIES = 1

const timeline = new Timeline(find('timeline', HTMLOListElement))
const userAuthView = new UserAuthView(find('fields', HTMLElement), find('life', HTMLElement))
const status = find('status', HTMLElement)
const failure = find('failure', HTMLElement)

const { hubUrl } = await loadSettings()
let session = openSession(keptIdentity())

find('log-in', HTMLButtonElement).addEventListener('click', () => void logIn())
find('list-threads', HTMLButtonElement).addEventListener('click', () => void listThreads())
find('new-identity', HTMLButtonElement).addEventListener('click', () => {
  session = openSession(newIdentity(), session)
  status.textContent = 'This browser has a new identity now.'
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

/** What the page does in the name of one identity. */
interface Session {
  readonly identity: PrivateKey
  readonly logIn: () => Promise<UserAuth>
  readonly client: Client
  /** Ends its login, if one runs, when another identity takes its place. */
  close(): void
}

/** Shows an identity, not logged in, in place of the one before. */
function openSession(identity: PrivateKey, before?: Session): Session {
  before?.close()
  const name = identity.public.toString()
  find('public-key', HTMLElement).textContent = name
  const avatar = find('avatar', HTMLImageElement)
  avatar.src = `data:image/svg+xml,${encodeURIComponent(toSvg(name, 72))}`
  for (const id of ['handshake', 'user-auth', 'threads']) find(id, HTMLElement).hidden = true
  failure.replaceChildren()

  const closing = new AbortController()
  const login = loginWithChallenge(identity, {
    retries: RETRIES,
    signal: closing.signal,
    onStep: (step) => {
      find('handshake', HTMLElement).hidden = false
      timeline.add(step)
    },
  })
  const logIn = async (): Promise<UserAuth> => {
    const userAuth = await login()
    userAuthView.show(userAuth)
    return userAuth
  }
  const client = Client.withUserAuth(logIn, hubUrl)
  return { identity, logIn, client, close: () => closing.abort() }
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
    const threads = await within(HUB_CALL_TIMEOUT_MS, session.client.listThreads())
    const names = threads.map(({ id, name }) => make('li', '', name || id || ''))
    const none = [make('li', '', 'none yet')]
    find('thread-list', HTMLElement).replaceChildren(...(names.length > 0 ? names : none))
  })
}

async function createThread(): Promise<void> {
  const field = find('thread-name', HTMLInputElement)
  const isCreated = await attempt('Creating the thread …', () =>
    within(HUB_CALL_TIMEOUT_MS, session.client.newDB(undefined, field.value)),
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
  failure.replaceChildren()
  try {
    await work()
    status.textContent = ''
    return true
  } catch (error) {
    status.textContent = ''
    const isReplaced = error instanceof LoginError && error.code === 'aborted'
    if (!isReplaced) show(explain(error, hubUrl))
    return false
  }
}

function show({ title, advice, id }: Failure): void {
  failure.replaceChildren(make('strong', '', title), make('span', '', advice))
  if (id) failure.append(make('span', '', `In the server's log this login is ${id}.`))
}

/** Waits for a call to the Hub, but not for ever. */
async function within<T>(ms: number, call: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer came in time')), ms)
  })
  try {
    return await Promise.race([call, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What the server tells its page: where the Hub is for browsers. */
async function loadSettings(): Promise<{ hubUrl: string }> {
  const response = await fetch('demo.json')
  const { hubUrl }: { hubUrl: string } = await response.json()
  find('hub-url', HTMLElement).textContent = hubUrl
  return { hubUrl }
}
