import { parser } from '@prometheus-io/lezer-promql'
import type { Scrape } from './scrape.js'

/** What Prometheus itself adds to every sample, and the one metric that it makes itself. */
const PROMETHEUS_LABELS = ['instance', 'job']
const PROMETHEUS_METRIC = 'up'

/** A metric that an expression selects, and by which labels: values, or patterns of them. */
interface Selector {
  readonly metric: string
  readonly matchers: readonly { label: string; value: string }[]
}

/**
 * Finds what is wrong with a PromQL expression: what is no PromQL, and what a scrape doesn't have,
 * be it a metric, a label, or a value of one.
 *
 * @returns a line for each fault
 */
export function findFaults(expression: string, scrape: Scrape): string[] {
  const selectors: Selector[] = []
  const grouped: string[] = []
  const faults: string[] = []
  parser.parse(expression).iterate({
    enter({ name, type, node, from, to }) {
      const text = expression.slice(from, to)
      if (type.isError) faults.push(`no PromQL: ${expression.slice(from)}`)
      if (name === 'VectorSelector') selectors.push(readSelector(text))
      if (name === 'LabelName' && node.parent?.name === 'GroupingLabels') grouped.push(text)
    },
  })
  const ofSelectors = selectors.flatMap((selector) => findMissing(selector, scrape))
  const metrics = selectors.map(({ metric }) => metric)
  return [...faults, ...ofSelectors, ...findMissingGroups(grouped, metrics, scrape)]
}

function readSelector(text: string): Selector {
  const [, metric = '', matchers = ''] = /^(\w+)(?:\{(.*)\})?$/s.exec(text) ?? []
  const found = [...matchers.matchAll(/(\w+)\s*=~?\s*"([^"]*)"/g)]
  return { metric, matchers: found.map(([, label = '', value = '']) => ({ label, value })) }
}

function findMissing({ metric, matchers }: Selector, { samples }: Scrape): string[] {
  if (metric === PROMETHEUS_METRIC) return []
  const found = samples.filter(({ name }) => name === metric)
  if (found.length === 0) return [`there is no ${metric}`]
  const ours = matchers.filter(({ label }) => !PROMETHEUS_LABELS.includes(label))
  const patterns = ours.flatMap(({ label, value }) =>
    value.split('|').map((alternative) => ({ label, alternative })),
  )
  return patterns
    .filter(({ label, alternative }) => {
      const pattern = new RegExp(`^${alternative}$`)
      return !found.some(({ labels }) => pattern.test(labels[label] ?? ''))
    })
    .map(({ label, alternative }) => `there is no ${metric} with ${label} ${alternative}`)
}

function findMissingGroups(grouped: string[], metrics: string[], { samples }: Scrape): string[] {
  const selected = samples.filter(({ name }) => metrics.includes(name))
  const known = new Set([
    ...PROMETHEUS_LABELS,
    ...selected.flatMap(({ labels }) => Object.keys(labels)),
  ])
  return grouped.filter((label) => !known.has(label)).map((label) => `there is no label ${label}`)
}
