/** What was measured of one server. What has no column is left out of the table. */
interface Result {
  readonly name: string
  readonly cpu?: number
  readonly cpuEach?: number
  readonly eachPerSecond?: number
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
type Column = [name: string | ((first: Result, last: Result) => string), cell: Cell]
type Cell = (result: Result, first: Result, last: Result) => string

const overFirst = (first: Result): string => `÷ ${first.name}`
const overLast = (_: Result, last: Result): string => `÷ ${last.name}`

const COLUMNS: Record<string, Column[]> = {
  cpu: [
    ['CPU ms per login', ({ cpu }) => fixed(cpu, 2)],
    [overFirst, ({ cpu }, first) => ratio(cpu, first.cpu)],
    [overLast, ({ cpu }, _, last) => ratio(cpu, last.cpu)],
  ],
  cpuEach: [
    ['CPU ms each', ({ cpuEach }) => fixed(cpuEach, 3)],
    [overFirst, ({ cpuEach }, first) => ratio(cpuEach, first.cpuEach)],
  ],
  eachPerSecond: [['per second', ({ eachPerSecond }) => fixed(eachPerSecond, 0)]],
  perSecond: [['logins/s', ({ perSecond }) => fixed(perSecond, 0)]],
  p50: [['p50 ms', ({ p50 }) => fixed(p50, 1)]],
  p99: [
    ['p99 ms', ({ p99 }) => fixed(p99, 0)],
    [overFirst, ({ p99 }, first) => ratio(p99, first.p99)],
  ],
  memory: [['resident MB', ({ memory }) => fixed(memory, 0, 1e6)]],
  bytesInFlight: [['kB per login in flight', ({ bytesInFlight }) => fixed(bytesInFlight, 1, 1e3)]],
  bytesIdle: [['kB per waiting socket', ({ bytesIdle }) => fixed(bytesIdle, 1, 1e3)]],
  bytesIdleResident: [['resident kB', ({ bytesIdleResident }) => fixed(bytesIdleResident, 1, 1e3)]],
  failures: [['failed', ({ failures }) => fixed(failures, 0)]],
}

/** Prints what was measured, a line for each server, beside the first one and the last one. */
export function printTable(title: string, results: readonly Result[]): void {
  const [first] = results
  const last = results.at(-1)
  if (!first || !last) return
  const columns: Column[] = [['server', ({ name }) => name]]
  for (const [figure, its] of Object.entries(COLUMNS)) {
    if (figure in first) columns.push(...its)
  }
  const heads = columns.map(([name]) => (typeof name === 'string' ? name : name(first, last)))
  const rows = results.map((result) => columns.map(([, cell]) => cell(result, first, last)))
  const table = [heads, columns.map(() => '---'), ...rows]
  const lines = table.map((cells) => `| ${cells.join(' | ')} |`)
  process.stdout.write(`${title}\n\n${lines.join('\n')}\n`)
}

function fixed(value: number | undefined, digits: number, unit = 1): string {
  return value === undefined ? '' : (value / unit).toFixed(digits)
}

function ratio(value = Number.NaN, base = Number.NaN): string {
  return (value / base).toFixed(2)
}
