import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ROOT } from '../support/markdown.js'

const run = promisify(execFile)

it('builds nothing where dist is built from src as it is, and says nothing', async () => {
  const before = await stat(join(ROOT, 'dist'))
  const built = await run(process.execPath, [join(ROOT, 'src/build/build.js')])
  expect(built).toEqual({ stdout: '', stderr: '' })
  expect((await stat(join(ROOT, 'dist'))).ino).toBe(before.ino)
})
