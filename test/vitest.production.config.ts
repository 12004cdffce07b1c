import { defineConfig } from 'vitest/config'
import config from './vitest.config.js'

/** What takes an installation of its own, and minutes where no packages are cached. */
export default defineConfig({
  test: { ...config.test, include: ['test/package/*.production.ts'] },
})
