import { measureFindAndListen } from './find-and-listen.js'
import { measureTransfer } from './transfer.js'

/** Measures the development Hub, and prints what came out. */
export async function benchDevHub(): Promise<void> {
  for (const { name, value, unit } of await measureFindAndListen()) {
    process.stdout.write(`${name.padEnd(36)} ${value.toFixed(2).padStart(8)} ${unit}\n`)
  }
  process.stdout.write(
    '\n100 MB pushed and pulled with the SDK, the Hub in a process of its own\n\n',
  )
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
