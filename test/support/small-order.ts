/** The curve of Ed25519 (RFC 8032, 5.1): its field, and the constant in its equation. */
const P = 2n ** 255n - 19n
const D = mod(-121665n * invert(121666n))

/** The order of the curve's large group: eight times it is the order of the whole. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n

type Point = readonly [x: bigint, y: bigint]

const NEUTRAL: Point = [0n, 1n]

/** Computes every encoding of the points of small order, each 32 bytes: 14 in all. */
export function smallOrderKeys(): Buffer[] {
  const points = new Map<string, Point>()
  for (let y = 2n; points.size < 8; y += 1n) {
    const x = root(mod((y * y - 1n) * invert(D * y * y + 1n)))
    if (x === undefined) continue
    const generator = multiply(L, [x, y])
    let point = NEUTRAL
    for (let times = 0; times < 8; times += 1) {
      points.set(String(point), point)
      point = add(point, generator)
    }
  }
  const ys = new Set([...points.values()].map(([, y]) => y))
  // A y below 19 fits into 255 bits a second time, not reduced.
  const encodings = [...ys].flatMap((y) => (y < 19n ? [y, y + P] : [y]))
  return encodings.flatMap((y) => [y, y + 2n ** 255n]).map(encode)
}

function encode(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
}

function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const k = mod(D * x1 * x2 * y1 * y2)
  return [mod((x1 * y2 + x2 * y1) * invert(1n + k)), mod((y1 * y2 + x1 * x2) * invert(1n - k))]
}

function multiply(times: bigint, point: Point): Point {
  let [sum, double] = [NEUTRAL, point]
  for (let left = times; left > 0n; left >>= 1n) {
    if (left & 1n) sum = add(sum, double)
    double = add(double, double)
  }
  return sum
}

function root(square: bigint): bigint | undefined {
  const found = power(square, (P + 3n) / 8n)
  const candidates = [found, mod(found * power(2n, (P - 1n) / 4n))]
  return candidates.find((x) => mod(x * x) === square)
}

function invert(value: bigint): bigint {
  return power(mod(value), P - 2n)
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)]
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = mod(result * square)
    square = mod(square * square)
  }
  return result
}

function mod(value: bigint): bigint {
  return ((value % P) + P) % P
}
