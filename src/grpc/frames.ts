/** Flag of a frame that holds a message. */
export const MESSAGE_FLAG = 0x00

/** Flag of a frame that holds headers or trailers: gRPC-web's way to carry them in the body. */
export const FIELDS_FLAG = 0x80

/** The most that one message may have, in bytes: what gRPC's libraries accept by default. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

/** Bytes before a frame's data: its flag, then its length in four bytes, big-endian. */
const PREFIX_BYTES = 5

/** A gRPC frame: one message, or in gRPC-web one block of headers or trailers. */
export interface Frame {
  readonly flag: number
  readonly data: Uint8Array
  /** The whole frame, with its prefix. */
  readonly bytes: Uint8Array
}

/** Thrown where bytes that should be gRPC frames are not, or are too many. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
  /** The flag of a frame that announces more data than allowed; missing where it is unknown. */
  readonly flag: number | undefined

  constructor(message: string, flag?: number) {
    super(message)
    this.flag = flag
  }
}

/** Writes one frame. */
export function encodeFrame(flag: number, data: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + data.length)
  frame.writeUInt8(flag, 0)
  frame.writeUInt32BE(data.length, 1)
  frame.set(data, PREFIX_BYTES)
  return frame
}

/**
 * Cuts a stream of bytes into frames. Chunks may end anywhere, inside a prefix too: a Hub sends
 * prefix and block in separate WebSocket messages.
 *
 * The work is linear in what comes, however it is cut: a frame that lies within a chunk is not
 * copied, any other is gathered in a buffer that doubles.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  /** What came of the frame that is under way, in its first {@link #filled} bytes. */
  #buffer: Uint8Array = new Uint8Array(0)
  #filled = 0

  /** @param maxFrameBytes - the most data that a frame may have, in bytes */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Whether the bytes so far end inside a frame. */
  get isInsideFrame(): boolean {
    return this.#filled > 0
  }

  /**
   * Takes the stream's next bytes.
   *
   * @returns the frames that they complete, in order
   * @throws FrameError where a flag is unknown or a frame announces more data than allowed
   */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = []
    let rest = chunk
    if (this.#filled > 0) {
      rest = this.#gather(rest, PREFIX_BYTES)
      if (this.#filled < PREFIX_BYTES) return frames
      const size = this.#sizeOf(this.#buffer)
      rest = this.#gather(rest, size)
      if (this.#filled < size) return frames
      frames.push(toFrame(this.#buffer.subarray(0, size)))
      this.#buffer = new Uint8Array(0)
      this.#filled = 0
    }
    while (rest.length >= PREFIX_BYTES) {
      const size = this.#sizeOf(rest)
      if (rest.length < size) break
      frames.push(toFrame(rest.subarray(0, size)))
      rest = rest.subarray(size)
    }
    this.#gather(rest, rest.length)
    return frames
  }

  /** @returns how many bytes the frame has whose prefix this is, prefix and all */
  #sizeOf(bytes: Uint8Array): number {
    const prefix = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES)
    const flag = prefix.getUint8(0)
    const length = prefix.getUint32(1)
    if (flag !== MESSAGE_FLAG && flag !== FIELDS_FLAG) throw new FrameError('unknown frame flag')
    if (length > this.#maxFrameBytes) throw new FrameError('frame too large', flag)
    return PREFIX_BYTES + length
  }

  /**
   * Copies bytes into the buffer until it holds as many as are wanted.
   *
   * @returns the bytes that are left over
   */
  #gather(bytes: Uint8Array, wanted: number): Uint8Array {
    const taken = bytes.subarray(0, Math.max(0, wanted - this.#filled))
    const filled = this.#filled + taken.length
    if (filled > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(filled, Math.min(wanted, 2 * this.#buffer.length)))
      larger.set(this.#buffer.subarray(0, this.#filled))
      this.#buffer = larger
    }
    this.#buffer.set(taken, this.#filled)
    this.#filled = filled
    return bytes.subarray(taken.length)
  }
}

function toFrame(bytes: Uint8Array): Frame {
  return { flag: bytes[0] ?? MESSAGE_FLAG, data: bytes.subarray(PREFIX_BYTES), bytes }
}

/**
 * Writes headers or trailers as gRPC-web carries them: ASCII, a line each.
 *
 * @param fields - names in lower case; values of printable ASCII
 */
export function encodeFields(fields: Iterable<readonly [string, string]>): Uint8Array {
  let text = ''
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`
  return Buffer.from(text, 'latin1')
}

/**
 * Reads headers or trailers as gRPC-web carries them. Lines without a colon are passed over; of
 * a name that comes twice the last value stays.
 *
 * @returns values by name, in lower case
 */
export function decodeFields(bytes: Uint8Array): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of Buffer.from(bytes).toString('latin1').split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0)
      fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return fields
}
