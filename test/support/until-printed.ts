import { createInterface } from 'node:readline'

/**
 * Waits for a server to print a line with a text in it. What it prints after that is let go.
 *
 * @param name - what the server is called where it ends before that
 */
export async function untilPrinted(
  output: NodeJS.ReadableStream,
  text: string,
  name: string,
): Promise<void> {
  const lines: string[] = []
  await new Promise<void>((resolve, reject) => {
    const reader = createInterface(output)
    reader.on('line', (line) => {
      lines.push(line)
      if (line.includes(text)) resolve()
    })
    reader.on('close', () => reject(new Error(`${name} has ended: ${lines.join('\n')}`)))
  })
}
