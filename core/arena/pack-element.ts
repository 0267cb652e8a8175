// The elements of a pack (pack.ts has their layout): written, stepped over and looked for. The search is the
// loop that small hashes and sets spend their time in, so it reads heads only. Length and kind stand in the first byte:
// an element that differs there, or in its first byte of payload, is stepped over without a look at the rest.

/** Bytes of a pack's block before its first element. */
export const packHeaderBytes = 8
export const integerHead = 0x80
export const wideHead = 0xc0
export const middleHead = 0xd0
export const longHead = 0xe0
export const stringSmallMax = 127
export const stringMiddleMax = 4095
export const integerSmallMax = 63
/** Digits of an integer that is stored as one. */
const digitsMax = 16

/** Bytes of the whole element that begins at `u8[at]`: head, payload and back length. */
export function elementBytes(u8: Uint8Array, at: number): number {
  const head = u8[at]!
  if (head < integerHead) return head === stringSmallMax ? head + 3 : head + 2
  if (head < wideHead) return 2
  if (head < middleHead) return (head & 7) + 3
  if (head < longHead) {
    const body = (((head & 15) << 8) | u8[at + 1]!) + 2
    return body < 0x80 ? body + 1 : body + 2
  }
  const body = (u8[at + 1]! | (u8[at + 2]! << 8) | (u8[at + 3]! << 16) | (u8[at + 4]! << 24)) + 5
  return body + backBytes(body)
}

/**
 * Where, among the elements in `u8[at..end)`, the first one stands that is the string `buf[from..from + size)` of at
 * most 127 bytes, no integer; -1 when none is. Looks at one of every `1 + skip` elements.
 */
export function scanShortStrings(
  u8: Uint8Array, at: number, end: number, skip: number, buf: Uint8Array, from: number, size: number,
): number {
  const first = size > 0 ? buf[from]! : 0
  while (at < end) {
    let head = u8[at]!
    if (head === size && (size === 0 || (u8[at + 1] === first && sameRest(u8, at + 1, buf, from, size)))) return at
    at += head < stringSmallMax ? head + 2 : elementBytes(u8, at)
    for (let i = 0; i < skip; i++) {
      head = u8[at]!
      at += head < stringSmallMax ? head + 2 : elementBytes(u8, at)
    }
  }
  return -1
}

/** As `scanShortStrings` for an integer, of which `bytes[0..size)` are the head and the payload. */
export function scanIntegers(
  u8: Uint8Array, at: number, end: number, skip: number, bytes: Uint8Array, size: number,
): number {
  const head = bytes[0]!
  while (at < end) {
    if (u8[at] === head && sameRest(u8, at, bytes, 0, size)) return at
    for (let i = 0; i <= skip; i++) at += elementBytes(u8, at)
  }
  return -1
}

/** True when all but the first of `size` bytes are the same; the last ones differ most often. */
function sameRest(u8: Uint8Array, at: number, bytes: Uint8Array, from: number, size: number): boolean {
  for (let i = size - 1; i > 0; i--) if (u8[at + i] !== bytes[from + i]) return false
  return true
}

/** Bytes of the head of a string of `size` bytes. */
export function headBytes(size: number): number {
  return size <= stringSmallMax ? 1 : size <= stringMiddleMax ? 2 : 5
}

/** Writes head and payload of an integer whose payload takes `size` bytes. */
export function writeIntegerElement(u8: Uint8Array, at: number, value: number, size: number): void {
  u8[at] = size === 0 ? integerHead | value : wideHead | (size - 1)
  writeInteger(u8, at + 1, value, size)
}

/** Bytes of the back length of an element whose head and payload take `body` bytes. */
export function backBytes(body: number): number {
  return body < 0x80 ? 1 : body < 0x4000 ? 2 : body < 0x200000 ? 3 : body < 0x10000000 ? 4 : 5
}

export function writeBack(u8: Uint8Array, at: number, body: number, bytes: number): void {
  let rest = body
  for (let i = bytes - 1; i > 0; i--) {
    u8[at + i] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  u8[at] = rest
}

/** Writes a string's head; returns where its bytes go. */
export function writeHead(u8: Uint8Array, at: number, size: number): number {
  if (size <= stringSmallMax) {
    u8[at] = size
    return at + 1
  }
  if (size <= stringMiddleMax) {
    u8[at] = middleHead | (size >>> 8)
    u8[at + 1] = size & 0xff
    return at + 2
  }
  u8[at] = longHead
  u8[at + 1] = size & 0xff
  u8[at + 2] = (size >>> 8) & 0xff
  u8[at + 3] = (size >>> 16) & 0xff
  u8[at + 4] = size >>> 24
  return at + 5
}

/** Payload bytes of an integer. */
export function integerBytes(value: number): number {
  if (value >= 0 && value <= integerSmallMax) return 0
  let bytes = 1
  for (let bound = 128; value >= bound || value < -bound; bound *= 256) bytes++
  return bytes
}

function writeInteger(u8: Uint8Array, at: number, value: number, bytes: number): void {
  let rest = value
  for (let i = 0; i < bytes; i++) {
    const byte = rest & 0xff
    u8[at + i] = byte
    rest = (rest - byte) / 256
  }
}

export function readInteger(u8: Uint8Array, at: number, bytes: number): number {
  // The highest byte carries the sign.
  let value = (u8[at + bytes - 1]! << 24) >> 24
  for (let i = bytes - 2; i >= 0; i--) value = value * 256 + u8[at + i]!
  return value
}

/** The integer that prints as just `buf[from..to)`, if a double holds it exactly; NaN when there is none. */
export function integerIn(buf: Uint8Array, from: number, to: number): number {
  const negative = to > from && buf[from] === 0x2d
  const start = negative ? from + 1 : from
  const digits = to - start
  if (digits < 1 || digits > digitsMax) return NaN
  if (buf[start] === 0x30) return digits === 1 && !negative ? 0 : NaN
  let value = 0
  for (let i = start; i < to; i++) {
    const digit = buf[i]! - 0x30
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  if (value > Number.MAX_SAFE_INTEGER) return NaN
  return negative ? -value : value
}

/** The element at `u8[at]` as an integer, NaN when it is none. */
export function integerAt(u8: Uint8Array, at: number): number {
  const head = u8[at]!
  if (head < integerHead || head >= middleHead) return NaN
  return head < wideHead ? head & integerSmallMax : readInteger(u8, at + 1, (head & 7) + 1)
}
