import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@textile/hub'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type DevHub, startDevHub } from '../../src/dev-hub/hub.js'
import { createApiKey, type StoredApiKey } from '../../src/dev-hub/login/api-keys.js'
import { signApiMessage } from '../../src/keys/api-signature.js'
import { decodeMultibase } from '../../src/keys/multibase.js'
import { isObject } from '../../src/protocol.js'
import { type Certificate, makeCertificate } from '../support/certificate.js'
import { randomIdentity } from '../support/identity.js'
import { ProgramProcess, READY, SERVER, variablesFor } from '../support/server-process.js'
import { type Message, TestApp } from '../support/test-app.js'

/** Starts a Hub with the keys given, which ends with the test. */
async function startHub(apiKeys: readonly StoredApiKey[], port = 0): Promise<DevHub> {
  const hub = await startDevHub({ apiKeys, port })
  onTestFinished(() => hub.close())
  return hub
}

/** The files of a certificate, in a folder where another one can take their place. */
function certificateFiles(certificate: Certificate) {
  const folder = mkdtempSync(join(tmpdir(), 'userauth-tls-'))
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const put = (files: Certificate): void => {
    copyFileSync(files.file, cert)
    copyFileSync(files.keyFile, key)
  }
  put(certificate)
  return { cert, key, put }
}

/** Starts a server whose variables are all in `.env`. */
async function startServer(dotenv: Record<string, string>) {
  const server = await ProgramProcess.start('index.js', {}, [], dotenv)
  const [, url = ''] = await server.printed(READY)
  return { server, url }
}

/** The `UserAuth` in a server's message, whose signature must be its own key's. */
function userAuthIn({ type, value }: Message, keys: readonly StoredApiKey[]) {
  expect(type).toBe('token')
  const { key, sig, msg, token } = isObject(value) ? value : {}
  const { secret = '' } = keys.find((known) => known.key === key) ?? {}
  const bytes = decodeMultibase(secret) ?? new Uint8Array()
  expect(sig).toBe(signApiMessage(bytes, String(msg)))
  return { key: String(key), sig: String(sig), msg: String(msg), token: String(token) }
}

describe('on SIGHUP, the server', () => {
  it('takes certificate and key into use, and ends logins under way with the old key', async () => {
    const keys = [createApiKey(), createApiKey()] as const
    const [first, second] = keys
    const hub = await startHub(keys)
    const [before, after] = [makeCertificate(), makeCertificate()]
    const files = certificateFiles(before)
    const variables = { ...variablesFor(hub.url, first), TLS_CERT: files.cert, TLS_KEY: files.key }
    const { server, url } = await startServer(variables)
    expect(url).toMatch(/^wss:/)

    const identity = randomIdentity()
    const underWay = await TestApp.connect(url, { ca: before.cert })
    const waiting = await TestApp.connect(url, { ca: before.cert })
    const challenge = await underWay.requestChallenge(identity.pubkey)

    files.put(after)
    server.changeDotenv({
      ...variables,
      USER_API_KEY: second.key,
      USER_API_SECRET: second.secret,
    })
    server.kill('SIGHUP')
    await server.printed(/reload: new connections get the new certificate/)
    await server.printed(/reload: a hubd binds each thread to the API key that it was made with/)
    await server.printed(/reload: logins that start from now on use the new key/)

    underWay.sendSignature(identity.sign(challenge))
    const old = userAuthIn(await underWay.next(), keys)
    expect(old.key).toBe(first.key)
    expect(await Client.withUserAuth(old, hub.url).listThreads()).toEqual([])

    // From here on the Hub takes the new key only, in calls of the server's own too.
    first.isRevoked = true
    for (const app of [waiting, await TestApp.connect(url, { ca: after.cert })]) {
      const fresh = userAuthIn(await app.login(), keys)
      expect(fresh.key).toBe(second.key)
      expect(await Client.withUserAuth(fresh, hub.url).listThreads()).toEqual([])
    }
    // A token names no key.
    const { key, sig, msg } = userAuthIn(await waiting.login(), keys)
    const mixed = { key, sig, msg, token: old.token }
    expect(await Client.withUserAuth(mixed, hub.url).listThreads()).toEqual([])
    await expect(TestApp.connect(url, { ca: before.cert })).rejects.toThrow('self-signed')
    for (const secret of [first.secret, second.secret, 'PRIVATE KEY']) {
      expect(server.output).not.toContain(secret)
    }
    expect(server.output).not.toMatch(/takes a restart/)
  })

  it('refuses files that are of no use, and says which; what is in use stays', async () => {
    const keys = [createApiKey(), createApiKey()] as const
    const [first, second] = keys
    const hub = await startHub(keys)
    const certificate = makeCertificate()
    const files = certificateFiles(certificate)
    const variables = { ...variablesFor(hub.url, first), TLS_CERT: files.cert, TLS_KEY: files.key }
    const { server, url } = await startServer(variables)

    copyFileSync(makeCertificate().file, files.cert)
    server.changeDotenv({ ...variables, USER_API_KEY: second.key, USER_API_SECRET: second.secret })
    server.kill('SIGHUP')
    await server.printed(/reload: nothing is changed: TLS_KEY: is not the key of/)
    writeFileSync(files.cert, 'no certificate')
    server.kill('SIGHUP')
    await server.printed(/reload: nothing is changed: TLS_CERT: the file must hold a certificate/)

    const app = await TestApp.connect(url, { ca: certificate.cert })
    expect(userAuthIn(await app.login(), keys).key).toBe(first.key)
  })

  it.each([
    ['an account key', { isAccount: true }, /reload: the key in use stays: USER_API_KEY: this is/],
    ['a revoked key', { isRevoked: true }, /reload: the key in use stays: USER_API_KEY: the Hub/],
  ])('refuses %s, and the key in use stays', async (_name, kind, sentence) => {
    const keys = [createApiKey(), createApiKey(kind)] as const
    const hub = await startHub(keys)
    const { server, url } = await startServer(variablesFor(hub.url, keys[0]))
    server.changeDotenv(variablesFor(hub.url, keys[1]))
    server.kill('SIGHUP')
    await server.printed(sentence)
    const app = await TestApp.connect(url)
    expect(userAuthIn(await app.login(), keys).key).toBe(keys[0].key)
  })

  it('warns of a key without signatures, as at the start', async () => {
    const keys = [createApiKey(), createApiKey({ isSecured: false })] as const
    const hub = await startHub(keys)
    const { server } = await startServer(variablesFor(hub.url, keys[0]))
    server.changeDotenv(variablesFor(hub.url, keys[1]))
    server.kill('SIGHUP')
    await server.printed(/reload: USER_API_KEY: the Hub doesn't demand signatures/)
    await server.printed(/reload: logins that start from now on use the new key/)
  })

  it('keeps the key in use while the Hub is down, and takes the new one once it is back', async () => {
    const keys = [createApiKey(), createApiKey()] as const
    const hub = await startHub(keys)
    const { server, url } = await startServer(variablesFor(hub.url, keys[0]))
    await hub.close()
    server.changeDotenv(variablesFor(hub.url, keys[1]))
    server.kill('SIGHUP')
    await server.printed(/reload: the key in use stays: HUB_URL: the Hub gave no usable answer/)

    await startHub(keys, Number(new URL(hub.url).port))
    const app = await TestApp.connect(url)
    expect(userAuthIn(await app.login(), keys).key).toBe(keys[0].key)
    server.kill('SIGHUP')
    await server.printed(/reload: logins that start from now on use the new key/)
    expect(userAuthIn(await app.login(), keys).key).toBe(keys[1].key)
  })

  it('takes a new key where the old one could not be checked yet', async () => {
    const keys = [createApiKey(), createApiKey()] as const
    const hub = await startHub(keys)
    await hub.close()
    const { server, url } = await startServer(variablesFor(hub.url, keys[0]))
    // What the Hub would say of the first key would end the server.
    keys[0].isRevoked = true
    server.changeDotenv(variablesFor(hub.url, keys[1]))
    await startHub(keys, Number(new URL(hub.url).port))
    server.kill('SIGHUP')
    await server.printed(/reload: logins that start from now on use the new key/)
    await server.printed(/the Hub has confirmed the key/)
    const app = await TestApp.connect(url)
    expect(userAuthIn(await app.login(), keys).key).toBe(keys[1].key)
  })

  it('names what takes a restart, and does not make it', async () => {
    const apiKey = createApiKey()
    const hub = await startHub([apiKey])
    const variables = variablesFor(hub.url, apiKey)
    const { server, url } = await startServer(variables)
    const files = makeCertificate()
    const tls = { TLS_CERT: files.file, TLS_KEY: files.keyFile }
    server.changeDotenv({ ...variables, ...tls, USER_AUTH_TTL: '60', LOG_LEVEL: 'error' })
    server.kill('SIGHUP')
    await server.printed(
      /reload: to change TLS_CERT, TLS_KEY, USER_AUTH_TTL, LOG_LEVEL takes a restart/,
    )
    await server.printed(/reload: certificate and key are as they were/)
    const app = await TestApp.connect(url)
    expect(userAuthIn(await app.login(), [apiKey]).key).toBe(apiKey.key)
  })

  it('names every fault of what it has read, and goes on as it was', async () => {
    const apiKey = createApiKey()
    const hub = await startHub([apiKey])
    const { server, url } = await startServer(variablesFor(hub.url, apiKey))
    server.changeDotenv({ PORT: 'x', USER_API_KEY: createApiKey().key })
    server.kill('SIGHUP')
    for (const name of ['PORT', 'HUB_URL', 'USER_API_SECRET']) {
      await server.printed(new RegExp(`reload: nothing is changed: ${name}: `))
    }
    const app = await TestApp.connect(url)
    expect(userAuthIn(await app.login(), [apiKey]).key).toBe(apiKey.key)
  })

  it('lets variables of the process win over .env, and has no key of the built-in Hub', async () => {
    const apiKey = createApiKey()
    const hub = await startHub([apiKey])
    const own = await ProgramProcess.start('index.js', variablesFor(hub.url, apiKey))
    const other = await ProgramProcess.start('index.js', SERVER)
    for (const server of [own, other]) {
      await server.printed(READY)
      server.changeDotenv(variablesFor(hub.url, createApiKey()))
      server.kill('SIGHUP')
      await server.printed(/reload: certificate and key are as they were/)
    }
    expect(own.output).not.toMatch(/takes a restart/)
    expect(other.output).toMatch(
      /to change HUB_URL, USER_API_KEY, USER_API_SECRET, HOST takes a restart/,
    )
    const app = await TestApp.connect((await other.printed(READY))[1] ?? '')
    expect(await app.login()).toMatchObject({ type: 'token' })
  })

  it('stops cleanly while it asks the Hub about a key', async () => {
    const keys = [createApiKey(), createApiKey()] as const
    const hub = await startHub(keys)
    const { server } = await startServer(variablesFor(hub.url, keys[0]))
    server.changeDotenv(variablesFor(hub.url, keys[1]))
    server.kill('SIGHUP')
    server.kill('SIGTERM')
    expect(await server.ended()).toMatchObject({ status: 0, stderr: '' })
  })
})
