import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'

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
  },
})
