import { defineConfig } from 'vitest/config'
import config from './vitest.config.js'

/** The tests of the login and of sockets, but for those that take long: for mutation runs. */
const FILES = [
  'admission',
  'app-faults',
  'endpoint',
  'limits',
  'login',
  'login-session',
  'origins',
  'waiting-room',
]

export default defineConfig({
  test: { ...config.test, include: FILES.map((name) => `test/server/${name}.test.ts`) },
})
