import escapeHtml from 'escape-html'
import type { Directory } from './bucket-tree.js'

/**
 * Renders a directory as a page of links to what it holds.
 *
 * @param title - what to call it
 * @param addressOf - the address of what it has by a name
 */
export function renderDirectory(
  { links }: Directory,
  title: string,
  addressOf: (name: string) => string,
): string {
  const items = links.map(({ Name: name = '', Tsize: size = 0 }) => {
    return `<li><a href="${escapeHtml(addressOf(name))}">${escapeHtml(name)}</a> ${size} bytes</li>`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark }
body { font-family: system-ui, sans-serif; margin: 2rem; overflow-wrap: anywhere }
</style>
<h1>${escapeHtml(title)}</h1>
<ul>
${items.join('\n')}
</ul>
</html>
`
}
