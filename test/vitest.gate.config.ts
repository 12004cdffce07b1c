import { defineConfig } from 'vitest/config'
import config from './vitest.config.js'

/** What installs packages in folders of its own: minutes, where npm has none of them at hand. */
export default defineConfig({
  test: {
    ...config.test,
    include: ['test/**/*.gate.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
})
