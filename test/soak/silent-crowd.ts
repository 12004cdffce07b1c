/** A crowd that connects and says nothing: a thousand sockets a second, until it is stopped. */
import { open } from './clients.js'

/** How many connect at each tick, and how long a tick is, in ms. */
const PER_TICK = 20
const TICK_MS = 20

/** After how long the crowd goes away by itself, in ms. */
const LIFETIME_MS = 60_000

const [, , url = ''] = process.argv
setInterval(() => {
  for (let socket = 0; socket < PER_TICK; socket += 1) open(url, '127.0.1').catch(() => {})
}, TICK_MS)
setTimeout(() => process.exit(), LIFETIME_MS)
