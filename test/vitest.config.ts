import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'

const { PROGRAMS_COVERAGE } = process.env

/** `npm test`: what shows within three minutes whether the project works. */
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '..'),
    include: ['test/**/*.test.ts'],
    // What takes longer: `npm run test:gate`.
    exclude: [...configDefaults.exclude, 'test/**/*.gate.test.ts'],
    globalSetup: ['test/support/missing-programs.ts', 'test/support/build.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    coverage: {
      include: ['src/**/*.ts'],
      exclude: ['**/*.d.ts'],
      reporter: ['json'],
      reportOnFailure: true,
    },
    // Where `npm run coverage` collects what the programs that tests start do.
    env: PROGRAMS_COVERAGE ? { NODE_V8_COVERAGE: PROGRAMS_COVERAGE } : {},
  },
})
