/**
 * Finds an element of the page by its id.
 *
 * @throws TypeError where the page has none of that kind
 */
export function find<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id)
  if (!(element instanceof kind)) throw new TypeError(`the page has no ${kind.name} #${id}`)
  return element
}

/** Makes an element with a class and a text. */
export function make(tag: string, className: string, text: string): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}

/**
 * Makes a button.
 *
 * @param label - what it shows
 * @param about - what it is about, for those who don't see what it stands beside; may be empty
 */
export function makeButton(label: string, about: string, onClick: () => void): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.append(make('span', '', label))
  if (about !== '') button.append(make('span', 'visually-hidden', ` ${about}`))
  button.addEventListener('click', onClick)
  return button
}

/** Has a button of the page do something. */
export function onClick(id: string, listener: () => void): HTMLButtonElement {
  const button = find(id, HTMLButtonElement)
  button.addEventListener('click', listener)
  return button
}

/** Has a form of the page do something when it is sent, in place of leaving the page. */
export function onSubmit(id: string, listener: () => void): HTMLFormElement {
  const form = find(id, HTMLFormElement)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    listener()
  })
  return form
}

/** Fills a list of the page, or says in it that there is nothing. */
export function fillList(list: HTMLElement, items: readonly HTMLElement[], none: string): void {
  list.replaceChildren(...(items.length > 0 ? items : [make('li', 'none', none)]))
}
