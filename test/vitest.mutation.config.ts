import { defineConfig } from 'vitest/config'
import config from './vitest.config.js'

/** The tests of the login and of sockets, but for those that take long: for mutation runs. */
const FILES = ['login', 'endpoint', 'app-faults', 'limits', 'waiting-room', 'admission']

export default defineConfig({
  test: { ...config.test, include: FILES.map((name) => `test/server/${name}.test.ts`) },
})
