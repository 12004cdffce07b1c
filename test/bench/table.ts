/** What was measured of one server. What has no column is left out of the table. */
interface Result {
  readonly name: string
  readonly cpu?: number
  readonly perSecond?: number
  readonly p50?: number
  readonly p99?: number
  readonly memory?: number
  readonly bytesInFlight?: number
  readonly bytesIdle?: number
  readonly bytesIdleResident?: number
  readonly failures?: number
}

/** A column: its name, and what it says of a server beside the first and the last of all. */
type Column = [
  name: string,
  cell: (result: Result, first: Result | undefined, last: Result | undefined) => string,
]

const COLUMNS: Record<string, Column[]> = {
  cpu: [
    ['CPU ms per login', ({ cpu }) => fixed(cpu, 2)],
    ['÷ tutorial', ({ cpu }, first) => ratio(cpu, first?.cpu)],
    ['÷ floor', ({ cpu }, _, last) => ratio(cpu, last?.cpu)],
  ],
  perSecond: [['logins/s', ({ perSecond }) => fixed(perSecond, 0)]],
  p50: [['p50 ms', ({ p50 }) => fixed(p50, 0)]],
  p99: [
    ['p99 ms', ({ p99 }) => fixed(p99, 0)],
    ['÷ tutorial', ({ p99 }, first) => ratio(p99, first?.p99)],
  ],
  memory: [['resident MB', ({ memory }) => fixed(memory, 0, 1e6)]],
  bytesInFlight: [['kB per login in flight', ({ bytesInFlight }) => fixed(bytesInFlight, 1, 1e3)]],
  bytesIdle: [['kB per waiting socket', ({ bytesIdle }) => fixed(bytesIdle, 1, 1e3)]],
  bytesIdleResident: [['resident kB', ({ bytesIdleResident }) => fixed(bytesIdleResident, 1, 1e3)]],
  failures: [['failed', ({ failures }) => fixed(failures, 0)]],
}

/** Prints what was measured, a line for each server; the first one is the tutorial's. */
export function printTable(title: string, results: readonly Result[]): void {
  const [first] = results
  const last = results.at(-1)
  const columns: Column[] = [['server', ({ name }) => name]]
  for (const [figure, its] of Object.entries(COLUMNS)) {
    if (first && figure in first) columns.push(...its)
  }
  const rows = results.map((result) => columns.map(([, cell]) => cell(result, first, last)))
  const table = [columns.map(([name]) => name), columns.map(() => '---'), ...rows]
  const lines = table.map((cells) => `| ${cells.join(' | ')} |`)
  process.stdout.write(`${title}\n\n${lines.join('\n')}\n`)
}

function fixed(value: number | undefined, digits: number, unit = 1): string {
  return value === undefined ? '' : (value / unit).toFixed(digits)
}

function ratio(value = Number.NaN, base = Number.NaN): string {
  return (value / base).toFixed(2)
}
