import { configDefaults, defineConfig } from 'vitest/config'
import config from './vitest.config.js'

/** `npm run test:gate`: attacks, fuzzing at length, many processes, packages put elsewhere. */
export default defineConfig({
  test: {
    ...config.test,
    include: ['test/**/*.gate.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Each of them needs the machine for itself.
    fileParallelism: false,
  },
})
