// Asks a Hub for something small again and again, until it is told to stop: then it tells the
// time that 99 of 100 answers took at most, in ms.
import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

const PAUSE_MS = 10

let isStopped = false
const times = []
parentPort?.once('message', () => {
  isStopped = true
})
while (!isStopped) {
  const start = performance.now()
  await answered()
  times.push(performance.now() - start)
  await wait(PAUSE_MS)
}
times.sort((a, b) => a - b)
parentPort?.postMessage(times[Math.floor(times.length * 0.99)])

/** Waits for the end of an answer. */
function answered() {
  return new Promise((resolve, reject) => {
    const asked = request(`${workerData}/nothing`, (response) => {
      response.resume()
      response.on('end', resolve)
    })
    asked.on('error', reject)
    asked.end()
  })
}
