/**
 * This server as an app would embed it, to measure what users add: without them, or with users in
 * SQLite (`USERS=sqlite`), or with a decision of the app's own on each, too (`USERS=authorize`).
 */

import { startServer } from '../../src/http/server.js'
import { connectToHub } from '../../src/hub/connect.js'
import { SdkHub } from '../../src/hub/sdk-hub.js'
import { decodeMultibase } from '../../src/keys/multibase.js'
import { openLog } from '../../src/log.js'
import type { Authorize } from '../../src/users/authorize.js'
import { openUserStore } from '../../src/users/open-user-store.js'

const { HUB_URL = '', USER_API_KEY = '', USER_API_SECRET = '' } = process.env
const { USERS, DATA_DIR = '' } = process.env

const users = USERS ? await openUserStore({ kind: 'sqlite', folder: DATA_DIR }) : undefined
const authorize: Authorize | undefined =
  USERS === 'authorize' ? async () => ({ allow: true }) : undefined
const log = await openLog('info')
const server = await startServer({
  port: 0,
  host: '127.0.0.1',
  log,
  hub: new SdkHub(connectToHub(HUB_URL)),
  apiKey: { key: USER_API_KEY, secret: decodeMultibase(USER_API_SECRET) ?? new Uint8Array() },
  hubTimeout: 10,
  challengeTimeout: 30,
  userAuthTtl: 300,
  renewalTtl: 43_200,
  limits: {
    loginsPerMinutePerIp: Number.POSITIVE_INFINITY,
    loginsPerMinutePerKey: Number.POSITIVE_INFINITY,
    maxSocketsPerIp: Number.POSITIVE_INFINITY,
    maxHubCalls: Number.POSITIVE_INFINITY,
  },
  users,
  authorize,
})
log.info(`users log in at ${server.url}`)
