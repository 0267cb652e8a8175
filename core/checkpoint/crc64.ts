// The checksum of RDB files and dumped values: CRC-64 with Jones' polynomial 0xad93d23594c935a9, reflected, from 0.
// Kept in two u32 halves, because a double holds no 64 bits.
//
// What a byte comes to with so many bytes behind it stands in tables: what eight bytes come to is the sum of eight
// look-ups, none of which waits for another ("slicing"). Four words of eight bytes that follow each other are
// four lanes of their own, each of which skips what belongs to the others, so that four rounds are under way at once:
//
//   word 0 │ 1 │ 2 │ 3 │ 4 │ …        lane 0 has words 0, 4, 8 …; to the next one each is carried over 32 bytes
//
// The loop is WebAssembly, for it has 64-bit integers. Bytes are copied into its memory block by block. Measured: 3
// times as fast as the same in JavaScript with pairs of 32-bit words, of one lane; a single lane is half as fast.

import { i32, i64, instantiate, signed, unsigned } from '../webassembly.ts'
import type { WasmFunction } from '../webassembly.ts'

const polynomialHigh = 0x95ac9329
const polynomialLow = 0xac4bc9b5
const wordBytes = 8
const lanes = 4
const roundBytes = lanes * wordBytes
/** What is copied at once. */
const blockBytes = 32 * 1024
/** Less is not worth a copy. */
const blockBytesMin = 4 * roundBytes

/** What a byte comes to with nothing behind it. */
const tableHigh = new Int32Array(256)
const tableLow = new Int32Array(256)

for (let byte = 0; byte < 256; byte++) {
  let high = 0
  let low = byte
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (odd === 1) {
      high ^= polynomialHigh
      low ^= polynomialLow
    }
  }
  tableHigh[byte] = high
  tableLow[byte] = low
}

/** Table i is that of byte 7 − i of a word. */
const tableBytes = 256 * wordBytes
const blockAt = wordBytes * tableBytes

const op = {
  loop: [0x03, 0x40], end: [0x0b], branchIf: [0x0d, 0], get: 0x20, set: 0x21, load64: [0x29, 3], store64: [0x37, 3],
  constant32: 0x41, constant64: 0x42, less: [0x49], add: [0x6a], and: [0x71], xor64: [0x85], left64: [0x86],
  right64: [0x88], wrap: [0xa7],
} as const
// Parameter 0 is the number of bytes, local 1 the offset of the round at hand; behind them the lanes.
const at = [op.get, 1]
const firstLane = 2

/** Folds so many bytes of the block, whole rounds and at least one, onto those of the round behind them. */
function folding(): WasmFunction {
  const body: number[] = [...op.loop]
  for (let lane = 0; lane < lanes; lane++) body.push(...sum(lane), op.set, firstLane + lane)
  for (let lane = 0; lane < lanes; lane++) body.push(...carried(firstLane + lane), op.set, firstLane + lane)
  body.push(...at, op.constant32, ...signed(roundBytes), ...op.add, op.set, 1)
  body.push(...at, op.get, 0, ...op.less, ...op.branchIf, ...op.end)
  for (let lane = 0; lane < lanes; lane++) body.push(...at, ...sum(lane), ...op.store64, ...place(lane))
  return { signature: { takes: [i32], gives: [] }, locals: [[1, i32], [lanes, i64]], body }
}

/** The lane, and its word of the round at hand. */
function sum(lane: number): number[] {
  return [...at, ...op.load64, ...place(lane), op.get, firstLane + lane, ...op.xor64]
}

function place(lane: number): number[] {
  return unsigned(blockAt + lane * wordBytes)
}

/** What the word in a local comes to a round later. */
function carried(local: number): number[] {
  const code: number[] = []
  for (let byte = 0; byte < wordBytes; byte++) {
    // The byte as an offset in its table.
    const shift = byte * 8 - 3
    code.push(op.get, local, op.constant64, Math.abs(shift), ...(shift < 0 ? op.left64 : op.right64), ...op.wrap)
    code.push(op.constant32, ...signed(255 * wordBytes), ...op.and)
    code.push(...op.load64, ...unsigned((wordBytes - 1 - byte) * tableBytes))
    if (byte > 0) code.push(...op.xor64)
  }
  return code
}

type Folder = { fold: (bytes: number) => void; block: Uint8Array; words: Int32Array }

function makeFolder(): Folder {
  const { functions, memory } = instantiate({ fold: folding() }, blockAt + blockBytes)
  const tables = new Int32Array(memory, 0, blockAt / 4)
  for (let byte = 0; byte < 256; byte++) {
    let high = tableHigh[byte]!
    let low = tableLow[byte]!
    // Behind the last byte of a word stand the words of the other lanes.
    for (let behind = 0; behind < roundBytes; behind++) {
      const table = behind - (roundBytes - wordBytes)
      if (table >= 0) {
        tables[(table * 256 + byte) * 2] = low
        tables[(table * 256 + byte) * 2 + 1] = high
      }
      const index = low & 0xff
      low = ((low >>> 8) | (high << 24)) ^ tableLow[index]!
      high = (high >>> 8) ^ tableHigh[index]!
    }
  }
  return {
    fold: functions.fold, block: new Uint8Array(memory, blockAt, blockBytes), words: new Int32Array(memory, blockAt, 2),
  }
}

let folder: Folder | undefined

/** A checksum in the making; `high` and `low` are its two u32 words. */
export class Crc64 {
  high: number
  low: number

  constructor() {
    this.high = 0
    this.low = 0
  }

  update(buf: Uint8Array, from: number, to: number): this {
    let at = from
    while (to - at >= blockBytesMin) {
      const { fold, block, words } = folder ??= makeFolder()
      const bytes = Math.min(blockBytes, to - at)
      const folded = bytes - roundBytes - bytes % roundBytes
      block.set(buf.subarray(at, at + bytes))
      words[0] = words[0]! ^ this.low
      words[1] = words[1]! ^ this.high
      fold(folded)
      this.high = 0
      this.low = 0
      this.byByte(block, folded, bytes)
      at += bytes
    }
    this.byByte(buf, at, to)
    return this
  }

  private byByte(buf: Uint8Array, from: number, to: number): void {
    let high = this.high | 0
    let low = this.low | 0
    for (let at = from; at < to; at++) {
      const index = (low ^ buf[at]!) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ tableLow[index]!
      high = (high >>> 8) ^ tableHigh[index]!
    }
    this.high = high >>> 0
    this.low = low >>> 0
  }
}
