import type { PrivateKey } from '@textile/hub'
import { CallList } from './calls.js'
import { BucketPanel } from './data/bucket-panel.js'
import { DatabasePanel } from './data/database-panel.js'
import { InboxPanel } from './data/inbox-panel.js'
import { find, onClick } from './dom.js'
import { keptIdentity } from './login/identity.js'
import { IdentityPanel } from './login/identity-panel.js'
import { Timeline } from './login/timeline.js'
import { UserAuthView } from './login/user-auth-view.js'
import { Outcome } from './outcome.js'
import { Session } from './session.js'
import { findSettings } from './settings.js'

const timeline = new Timeline(find('timeline', HTMLOListElement))
const userAuthView = new UserAuthView(find('fields', HTMLElement), find('life', HTMLElement))
const loggingIn = new Outcome(find('identity-actions', HTMLElement))

const identity = keptIdentity()
let session = openSession(identity)
new IdentityPanel(identity, (taken) => {
  replaceSession(taken)
  loggingIn.say('This browser has another identity now.')
})
const ask: Session['ask'] = (question, timeout) => session.ask(question, timeout)
const inbox = new InboxPanel(ask, () => session.identity)
const panels = [new DatabasePanel(ask), new BucketPanel(ask), inbox]

onClick('log-in', () => void logIn())
onClick('log-out', () => {
  replaceSession(session.identity)
  loggingIn.say('Logged out. This browser keeps the identity.')
  find('log-in', HTMLButtonElement).focus()
})
// From here on nothing that a person does is lost: what needs the Hub's address waits for it.
for (const button of document.querySelectorAll('button')) button.disabled = false
findSettings().then(
  ({ tellsCalls }) => {
    if (tellsCalls) new CallList().watch()
  },
  // Whatever needs the settings asks again, and says so.
  () => {},
)

function openSession(identity: PrivateKey): Session {
  return new Session(identity, {
    stepped(step) {
      find('handshake', HTMLElement).hidden = false
      timeline.add(step)
    },
    loggedIn: (userAuth) => userAuthView.show(userAuth),
  })
}

/** Has an identity take the place of who is logged in, and forgets what the page shows of them. */
function replaceSession(identity: PrivateKey): void {
  session.close()
  session = openSession(identity)
  for (const id of ['handshake', 'user-auth', 'data']) find(id, HTMLElement).hidden = true
  userAuthView.clear()
  for (const panel of panels) panel.clear()
}

async function logIn(): Promise<void> {
  const isLoggedIn = await loggingIn.run('Logging in …', async () => {
    await session.logIn()
    return ''
  })
  if (!isLoggedIn) return
  find('user-auth', HTMLElement).hidden = false
  find('data', HTMLElement).hidden = false
  await Promise.all(panels.map((panel) => panel.load()))
}
