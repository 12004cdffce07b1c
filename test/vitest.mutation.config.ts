import { configDefaults, defineConfig } from 'vitest/config'
import config from './vitest.config.js'

/** `npm run mutate`: the tests of the folders that are mutated, but for those that take long. */
export default defineConfig({
  test: {
    ...config.test,
    include: ['test/{login,http,limits}/**/*.test.ts'],
    exclude: [...configDefaults.exclude, '**/*.gate.test.ts', '**/{fuzz,silent-apps}.test.ts'],
    // None of them starts a program of `dist`, and mutants need no build.
    globalSetup: ['test/support/missing-programs.ts'],
  },
})
