import { Client } from '@textile/hub'
import { codeOf } from '../log.js'
import { connectToHub } from './connect.js'
import type { HubError } from './hub.js'
import { LATE, listThreads } from './list-threads.js'

/** How long an endpoint may take to show that it is a Hub's, in seconds. */
const PROBE_TIMEOUT = 2

/** A key that no Hub has. Whether what listens is a Hub is asked without giving away the real one. */
const NO_KEY = { key: 'bnokey' }

/** What Node says of a certificate that it doesn't take, and what is to be done. */
const CERTIFICATE_ERRORS: readonly (readonly [code: RegExp, text: string])[] = [
  [/^CERT_HAS_EXPIRED$/, 'has expired: have it renewed'],
  [/^CERT_NOT_YET_VALID$/, "is not valid yet: check this machine's clock"],
  [/ALTNAME_INVALID$/, 'is for another name: write the name that it is for'],
  [
    /CERT|UNABLE_TO_VERIFY/,
    "isn't trusted by this machine: set NODE_EXTRA_CA_CERTS to the file with the certificate of the authority that issued it",
  ],
]

/**
 * Says why a Hub can't be reached, and what to change. Where something else than a Hub seems to
 * listen at its address, the other ways to speak to a Hub are tried there, which takes two seconds
 * at the most, and five connections.
 *
 * @param url - the Hub's address, as configured
 * @param failure - how asking it has failed, without a status of the Hub's
 * @returns a sentence without a full stop
 */
export async function explainUnreachable(url: string, failure: HubError): Promise<string> {
  if (failure === LATE) return `the Hub at ${url} did not answer in time`
  const code = codeOf(failure.cause) ?? ''
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${url}: check its host and port, and that the Hub runs`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host of ${url} can't be found: check its name`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `the host of ${url} can't be reached: check its name, its port and the network`
  }
  const certificate = CERTIFICATE_ERRORS.find(([codes]) => codes.test(code))
  if (certificate) return `the certificate at ${url} ${certificate[1]} (${code})`
  const found = await findOtherEndpoint(url)
  if (found) return `${url} ${describe(url, found)}: write ${found}`
  return `no Hub answers at ${url}: check its host and port; by itself a hubd listens at 3006 for grpc:// and at 3007 for http://`
}

/** Looks for a Hub that is spoken to in another way at the same host and port. */
async function findOtherEndpoint(url: string): Promise<string | undefined> {
  const { protocol, host } = new URL(url)
  const others = ['grpc:', 'http:', 'grpcs:', 'https:'].filter((other) => other !== protocol)
  const found = others.map(async (other) => {
    const candidate = `${other}//${host}`
    return (await isHub(candidate)) ? candidate : undefined
  })
  return (await Promise.all(found)).find((candidate) => candidate !== undefined)
}

/** What is wrong with an address where another one of the same host and port is right. */
function describe(url: string, right: string): string {
  const isTlsMissing = right.startsWith(url.replace(/:.*/, 's:'))
  if (isTlsMissing) return 'has the scheme without TLS, which the Hub speaks there'
  const isTlsTooMuch = url.startsWith(right.replace(/:.*/, 's:'))
  if (isTlsTooMuch) return 'has the scheme for TLS, which the Hub does not speak there'
  return "is the address of the Hub's other endpoint"
}

async function isHub(url: string): Promise<boolean> {
  const connection = connectToHub(url)
  try {
    const client = await Client.withKeyInfo(NO_KEY, url)
    const failure = await listThreads(client, connection, PROBE_TIMEOUT)
    return failure?.status !== undefined
  } finally {
    connection.close()
  }
}
