/** One line of a scrape: a metric with its labels, and its value. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What one scrape of a server's metrics has found. */
export class Scrape {
  readonly text: string
  readonly samples: readonly Sample[]

  /** @param text - in Prometheus's text format */
  constructor(text: string) {
    this.text = text
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    this.samples = lines.map(parseLine)
  }

  /** The value of the one sample with this name and these labels. */
  value(name: string, labels: Record<string, string> = {}): number {
    const found = this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )
    const [sample] = found
    if (!sample || found.length > 1) throw new Error(`${found.length} samples of ${name}`)
    return sample.value
  }

  /** The counts that are not 0 of a metric, by the value of its label. */
  counts(name: string, label: string): Record<string, number> {
    const counted = this.samples.filter((sample) => sample.name === name && sample.value > 0)
    return Object.fromEntries(counted.map(({ labels, value }) => [labels[label], value]))
  }
}

/** Reads a server's metrics. */
export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the scrape got ${response.status}`)
  return new Scrape(await response.text())
}

function parseLine(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
  if (!match) throw new Error(`no sample: ${line}`)
  const [, name = '', labels = '', value] = match
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)]
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, label, text]) => [label, text])),
    // The format's infinity is +Inf.
    value: Number(value?.replace('Inf', 'Infinity')),
  }
}
