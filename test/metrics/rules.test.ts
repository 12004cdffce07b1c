import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { randomIdentity } from '../support/identity.js'
import { startWithDevHub } from '../support/login-server.js'
import { serveMetrics } from '../support/metrics.js'
import { findFaults } from '../support/promql.js'
import { type Scrape, scrape } from '../support/scrape.js'
import { TestApp } from '../support/test-app.js'

const FOLDER = join(import.meta.dirname, '../../src/metrics')

/** As much as is read of the dashboard. */
interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets: readonly { readonly expr: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly query: unknown }[] }
}

/** As much as is read of the alert rules. */
interface AlertRules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[]
  }[]
}

/** Scrapes a server at which a login went well and another failed. */
async function scrapeAfterLogins(): Promise<Scrape> {
  const metrics = await serveMetrics()
  const { server } = await startWithDevHub({ events: metrics.events })
  const app = await TestApp.connect(server.url)
  expect(await app.login()).toMatchObject({ type: 'token' })
  await app.requestChallenge(randomIdentity().pubkey)
  app.sendSignature(new Uint8Array(64))
  expect(await app.next()).toMatchObject({ code: 'bad_signature' })
  return scrape(metrics.url)
}

it('every expression of the dashboard finds what it asks for', async () => {
  const found = await scrapeAfterLogins()
  const text = await readFile(join(FOLDER, 'grafana-dashboard.json'), 'utf8')
  const { panels, templating }: Dashboard = JSON.parse(text)
  const targets = panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ title, expr })),
  )
  expect(targets.length).toBeGreaterThan(panels.length)
  for (const { title, expr } of targets) {
    const expression = expr.replaceAll('$__rate_interval', '5m')
    expect(findFaults(expression, found), title).toEqual([])
  }
  const variables = templating.list.map(({ query }) => JSON.stringify(query))
  const [, metric = ''] = /label_values\((\w+), instance\)/.exec(variables.join()) ?? []
  expect(findFaults(metric, found)).toEqual([])
})

it('every alert rule finds what it asks for', async () => {
  const found = await scrapeAfterLogins()
  const { groups }: AlertRules = parse(await readFile(join(FOLDER, 'alerts.yml'), 'utf8'))
  const rules = groups.flatMap(({ rules }) => rules)
  expect(rules.length).toBeGreaterThan(5)
  for (const { alert, expr } of rules) expect(findFaults(expr, found), alert).toEqual([])
})

it('the document names no metric that is not there, and leaves none of ours out', async () => {
  const { samples } = await scrapeAfterLogins()
  const names = new Set(samples.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
  const ours = [...names].filter((name) => name.startsWith('userauth_'))
  const document = await readFile(join(FOLDER, '../../docs/operate.md'), 'utf8')
  const rows = document.split('\n').filter((line) => line.startsWith('| `userauth_'))
  const named = rows.flatMap((row) => row.split('|')[1]?.match(/userauth_\w+/g) ?? [])
  expect(named.toSorted()).toEqual(ours.toSorted())
})

it.each([
  ['sum(userauth_login_total)', 'there is no userauth_login_total'],
  ['userauth_logins_total{outcome="good"}', 'there is no userauth_logins_total with outcome good'],
  ['userauth_logins_total{kind=~"ok|x"}', 'there is no userauth_logins_total with kind ok'],
  ['sum by (step) (userauth_logins_total)', 'there is no label step'],
  ['sum(rate(userauth_logins_total[5m])', 'no PromQL: '],
])('a fault in %s is found', async (expression, fault) => {
  expect(findFaults(expression, await scrapeAfterLogins())).toContain(fault)
})
