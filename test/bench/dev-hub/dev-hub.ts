import { measureTransfer } from './transfer.js'

/** Measures the development Hub, and prints what came out. */
export async function benchDevHub(): Promise<void> {
  process.stdout.write('100 MB pushed and pulled with the SDK, the Hub in a process of its own\n\n')
  process.stdout.write('bucket     push ms   pull ms   MB added   p99 of answers meanwhile, ms\n')
  for (const [name, encrypted] of [
    ['public', false],
    ['private', true],
  ] as const) {
    const { pushed, pulled, added, p99 } = await measureTransfer(encrypted)
    const figures = [pushed, pulled, added].map((figure) => figure.toFixed(0).padStart(8))
    const line = `${name.padEnd(8)}  ${figures.join('  ')}   ${p99.toFixed(0).padStart(8)}`
    process.stdout.write(`${line}\n`)
  }
}
