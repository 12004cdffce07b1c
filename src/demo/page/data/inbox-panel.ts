import { type PrivateKey, PublicKey, type UserMessage, type Users } from '@textile/hub'
import { fillList, find, make, makeButton, onClick, onSubmit } from '../dom.js'
import { PageError } from '../errors.js'
import { Outcome } from '../outcome.js'
import type { Session } from '../session.js'

/** How many messages are asked for. */
const MAX_MESSAGES = 50

/** The Hub tells times in nanoseconds. */
const NANOSECONDS_PER_MS = 1_000_000

/** The name of the thread that is a user's mailbox. */
const MAILBOX = 'hubmail'

/** The user's mailbox: what came in, and a message to somebody. */
export class InboxPanel {
  readonly #ask: Session['ask']
  readonly #identity: () => PrivateKey
  readonly #list = find('message-list', HTMLElement)
  readonly #setup = find('set-up', HTMLElement)
  readonly #listed: Outcome
  readonly #made: Outcome
  readonly #sent: Outcome

  /** @param identity - who is logged in: messages are decrypted and signed here */
  constructor(ask: Session['ask'], identity: () => PrivateKey) {
    this.#ask = ask
    this.#identity = identity
    this.#listed = new Outcome(onClick('list-messages', () => void this.load()))
    this.#made = new Outcome(onClick('set-up-mailbox', () => void this.#make()))
    this.#sent = new Outcome(onSubmit('send-message', () => void this.#send()))
  }

  /** Lists the messages, or says that there is no mailbox. */
  async load(): Promise<void> {
    await this.#listed.run('Asking the Hub for your messages …', async () => {
      const hasMailbox = await this.#ask(async ({ client }) =>
        (await client.listThreads()).some(({ name }) => name === MAILBOX),
      )
      this.#setup.hidden = hasMailbox
      const messages = hasMailbox
        ? await this.#ask(({ users }) => users.listInboxMessages({ limit: MAX_MESSAGES }))
        : []
      const items = await Promise.all(messages.map((message) => this.#makeItem(message)))
      fillList(this.#list, items, hasMailbox ? 'no message yet' : 'no mailbox yet')
      return undefined
    })
  }

  clear(): void {
    this.#list.replaceChildren()
    this.#setup.hidden = true
    for (const outcome of [this.#listed, this.#made, this.#sent]) outcome.clear()
  }

  async #makeItem(message: UserMessage): Promise<HTMLElement> {
    const { id, from, createdAt, readAt } = message
    const text = await this.#decrypt(message)
    const item = make('li', '', '')
    const buttons = make('div', 'actions', '')
    if (!readAt) {
      buttons.append(
        makeButton(
          'Mark as read',
          `: ${text}`,
          () => void this.#change('Marking it …', (users) => users.readInboxMessage(id)),
        ),
      )
    }
    buttons.append(
      makeButton(
        'Delete',
        `: ${text}`,
        () => void this.#change('Deleting it …', (users) => users.deleteInboxMessage(id)),
      ),
    )
    const when = new Date(createdAt / NANOSECONDS_PER_MS).toLocaleString()
    item.append(
      make('p', '', text),
      make('p', 'hint', `From ${from}, ${when}${readAt ? ', read' : ''}`),
      buttons,
    )
    return item
  }

  /** Changes a message, then lists all of them. */
  async #change(what: string, change: (users: Users) => Promise<unknown>): Promise<void> {
    const isChanged = await this.#listed.run(what, async () => {
      await this.#ask(({ users }) => change(users))
      return undefined
    })
    if (isChanged) await this.load()
  }

  async #decrypt({ body }: UserMessage): Promise<string> {
    try {
      return new TextDecoder().decode(await this.#identity().decrypt(body))
    } catch {
      return '(a message that this identity cannot decrypt)'
    }
  }

  async #make(): Promise<void> {
    const isMade = await this.#made.run('Setting up your mailbox …', async () => {
      await this.#ask(({ users }) => users.setupMailbox())
      return undefined
    })
    if (isMade) await this.load()
  }

  async #send(): Promise<void> {
    const field = find('message-text', HTMLTextAreaElement)
    const isSent = await this.#sent.run('Sending the message …', async () => {
      const reader = parsePublicKey(find('message-to', HTMLInputElement).value.trim())
      const text = new TextEncoder().encode(field.value)
      const sender = this.#identity()
      await this.#ask(({ users }) => users.sendMessage(sender, reader ?? sender.public, text))
      field.value = ''
      return 'Sent.'
    })
    if (isSent) await this.load()
  }
}

/**
 * @returns the key, or `undefined` where there is no text
 * @throws PageError
 */
function parsePublicKey(text: string): PublicKey | undefined {
  if (text === '') return undefined
  try {
    return PublicKey.fromString(text)
  } catch {
    throw new PageError('This is no public key.', 'It begins with bbaareia. Copy the whole of it.')
  }
}
