import { defineConfig } from 'vitest/config'
import config from './vitest.config.js'

/** The tests of the login and of sockets, but for those that take long: for mutation runs. */
const FILES = [
  'http/upgrade',
  'http/origins',
  'limits/limits',
  'login/app-errors',
  'login/endpoint',
  'login/login',
  'login/pending-logins',
  'login/session',
]

export default defineConfig({
  test: {
    ...config.test,
    include: FILES.map((name) => `test/${name}.test.ts`),
    // None of them starts a process, and mutants need no build.
    globalSetup: [],
  },
})
