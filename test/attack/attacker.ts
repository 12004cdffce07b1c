/** A stranger, as a process of its own: `attacker.ts NAME URL ADDRESS`. Ends by itself after a while. */
import { attackOn } from './attacks.js'

/** After how long it goes away by itself, in ms. */
const LIFETIME_MS = 120_000

const [, , name = '', url = '', localAddress = ''] = process.argv
attackOn(name, { url, localAddress })
setTimeout(() => process.exit(), LIFETIME_MS)
