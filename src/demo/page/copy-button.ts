import { find, makeButton } from './dom.js'

/** How long a button says that it has copied, in ms. */
const SHOWN_MS = 2_000

/**
 * Makes a button that copies a text.
 *
 * @param what - what the text is, such as `the public key`
 * @param text - the text, once it is wanted
 */
export function makeCopyButton(what: string, text: () => string): HTMLButtonElement {
  const button = makeButton('Copy', what, () => {
    void copy(text()).then((isCopied) => {
      const label = button.firstElementChild
      if (!label) return
      label.textContent = isCopied ? 'Copied' : 'Not allowed'
      // Screen readers hear of it, too.
      find('copied', HTMLElement).textContent = isCopied
        ? `Copied ${what}.`
        : 'The browser does not let this page copy. Select the text and copy it yourself.'
      setTimeout(() => {
        label.textContent = 'Copy'
      }, SHOWN_MS)
    })
  })
  return button
}

/** Puts a text into the clipboard; tells whether that is allowed. */
async function copy(text: string): Promise<boolean> {
  try {
    // Missing on pages that come neither by https nor from this machine.
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
