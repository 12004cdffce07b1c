import { expect, it } from 'vitest'
import { reportMissing } from './missing-programs.js'

const ALL = { chromium: '/c', initdb: '/i', redis: '/r', nginx: '/n' }

it('nothing is said where every program is installed', () => {
  expect(reportMissing(ALL)).toBe('')
  expect(reportMissing(ALL, 'true')).toBe('')
})

it.each([
  ['chromium', 'SKIPPED: the tests in a browser. Chromium', 'install chromium'],
  ['initdb', 'SKIPPED: the tests against PostgreSQL. PostgreSQL', 'install postgresql'],
  ['redis', 'SKIPPED: the tests against Redis. Redis', 'install redis-server'],
  ['nginx', 'SKIPPED: the tests behind nginx. nginx', 'install nginx'],
])('without %s, its tests are skipped with a line, and a failure in CI', (key, start, end) => {
  const programs = { ...ALL, [key]: undefined }
  for (const ci of [undefined, '', 'false'])
    expect(reportMissing(programs, ci)).toBe(`${start} was not found. On Debian: apt-get ${end}\n`)
  for (const ci of ['true', '1']) expect(() => reportMissing(programs, ci)).toThrow(start)
})
