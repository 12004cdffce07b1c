import { parentPort, workerData } from 'node:worker_threads'
import { startDevHub } from '../hub.js'
import { type FromHub, STOP, type StartError, type ThreadOptions } from './messages.js'

/** The Hub's thread: it starts with the options that it is given, and stops when it is told. */
const port = parentPort
if (port) {
  const tell = (message: FromHub) => port.postMessage(message)
  const logError = (error: unknown, path: string) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    tell({ kind: 'fault', path, text })
  }
  // A fault must not end the login server's process. What the Hub remembers is right at any time:
  // it is written in transactions.
  process.on('uncaughtException', (error) => logError(error, 'uncaught'))
  const options: ThreadOptions = workerData
  try {
    const hub = await startDevHub({ ...options, logError })
    port.once('message', (message: unknown) => {
      if (message === STOP) void hub.close().finally(() => port.close())
    })
    const { url, grpcUrl, apiKeys, issuer } = hub
    tell({ kind: 'running', url, grpcUrl, apiKeys, issuer })
  } catch (error) {
    tell({ kind: 'failed', error: describe(error) })
    port.close()
  }
}

function describe(error: unknown): StartError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message } = error
  const code = 'code' in error ? { code: String(error.code) } : {}
  const port = 'port' in error ? { port: Number(error.port) } : {}
  return { name, message, ...code, ...port }
}
