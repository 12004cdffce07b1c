import { Worker } from 'node:worker_threads'
import { ConfigError } from '../../config/config-error.js'
import { withDeadline } from '../../deadline.js'
import type { RunningHub } from '../hub.js'
import { type FromHub, STOP, type StartError, type ThreadOptions } from './messages.js'

/** How long the Hub may take to stop before its thread is ended, in seconds. */
const STOP_TIMEOUT = 2

/**
 * Starts a development Hub in a thread of its own, so that none of its work holds up this one. The
 * thread ends with the process.
 *
 * @param logError - takes note of what went wrong inside of it, with the path of the method; the
 *   Hub runs on, unless the path says that it has ended
 * @throws ConfigError where the folder can't be used or the seed not be planted, or the system's
 *   error where a port can't be listened on, such as `EADDRINUSE`
 */
export async function startHubThread(
  options: ThreadOptions,
  logError: (text: string, path: string) => void,
): Promise<RunningHub> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: options })
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  let isStopping = false
  const running = await new Promise<Omit<RunningHub, 'close'>>((resolve, reject) => {
    worker.on('message', (message: FromHub) => {
      if (message.kind === 'running') resolve(message)
      else if (message.kind === 'failed') reject(revive(message.error))
      else logError(message.text, message.path)
    })
    worker.on('error', (error: Error) => {
      logError(error.stack ?? error.message, 'its thread, which has ended')
      reject(error)
    })
    worker.on('exit', (status) => {
      if (!isStopping) logError(`exit status ${status}`, 'its thread, which has ended')
      reject(new Error("the development Hub's thread has ended"))
    })
  }).catch((error: unknown) => {
    isStopping = true
    throw error
  })
  const { url, grpcUrl, apiKeys, issuer } = running
  return {
    url,
    grpcUrl,
    apiKeys,
    issuer,
    async close() {
      isStopping = true
      worker.postMessage(STOP)
      const late = () => new Error('the development Hub does not stop')
      await withDeadline(STOP_TIMEOUT, ended, late).catch(() => worker.terminate())
    },
  }
}

/** Makes an error of what has crossed from the Hub's thread. */
function revive({ name, message, ...system }: StartError): Error {
  if (name === 'SetupError') return new ConfigError([message])
  return Object.assign(new Error(message), { name, ...system })
}
