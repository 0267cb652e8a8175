// Bits 128 at a time: a WebAssembly module of a dozen loops, put together here opcode by opcode, since JavaScript has
// no vectors and no population count. Strings come through its memory block by block; copying a block costs less than
// what the loops gain (1 MiB, V8 13.6: BITOP AND 56 µs, 190 with 32-bit words; BITCOUNT 53 µs, 160 with 32-bit words).
//
// Every loop works on blocks at fixed places, from their beginning, for a number of bytes that is rounded up to
// `strideBytes`.

import { i32, instantiate, signed, unsigned, v128 } from '../webassembly.ts'
import type { WasmFunction } from '../webassembly.ts'

/** Bytes of one block; a few blocks fit the first-level cache. */
export const blockBytes = 16384
/** Bytes that one round of a loop takes. */
export const strideBytes = 64

/** Where the blocks stand in the module's memory. */
export const blocks = { result: 0, source: 1, first: 2, twice: 3, scratch: 4 } as const
type BlockName = keyof typeof blocks

const vectorBytes = 16

/** Of the opcodes those that are needed; 0xfd begins those of vectors. */
const op = {
  loop: [0x03, 0x40], end: [0x0b], branchIf: [0x0d, 0], get: 0x20, set: 0x21, constant: 0x41, less: [0x49], add: [0x6a],
  load: [0xfd, 0x00], store: [0xfd, 0x0b], lane: [0xfd, 0x1b], not: [0xfd, 0x4d], and: [0xfd, 0x4e],
  andNot: [0xfd, 0x4f], or: [0xfd, 0x50], xor: [0xfd, 0x51], bitsOfBytes: [0xfd, 0x62], pairsOfBytes: [0xfd, 0x7d],
  pairsOfWords: [0xfd, 0x7f], addWords: [0xfd, 0x8e, 0x01],
} as const

/** Load or store of a vector of a block; the address on the stack is the offset within the block. */
function access(opcode: readonly number[], block: BlockName, offset: number): number[] {
  return [...opcode, 0, ...unsigned(blocks[block] * blockBytes + offset)]
}

// Parameter 0 is the number of bytes, local 1 the offset of the round at hand.
const bytes = [op.get, 0]
const at = [op.get, 1]

/** A loop over the bytes; `round` makes the code for one vector of each round from its offset. */
function loop(round: (offset: number) => number[]): number[] {
  const rounds: number[] = []
  for (let offset = 0; offset < strideBytes; offset += vectorBytes) rounds.push(...round(offset))
  const step = [...at, op.constant, ...signed(strideBytes), ...op.add, op.set, 1]
  return [...op.loop, ...rounds, ...step, ...at, ...bytes, ...op.less, ...op.branchIf, ...op.end]
}

/** to = a `opcode` b; to = `opcode` a where there is no b. */
function kernel(to: BlockName, opcode: readonly number[], a: BlockName, b?: BlockName): WasmFunction {
  const body = loop((offset) => [
    ...at, ...at, ...access(op.load, a, offset),
    ...(b === undefined ? [] : [...at, ...access(op.load, b, offset)]),
    ...opcode, ...access(op.store, to, offset),
  ])
  return { signature: { takes: [i32], gives: [] }, locals: [[1, i32]], body }
}

/** Set bits of `result`. Sums of bytes are kept in eight 16-bit lanes, which a block can't overflow. */
function counter(): WasmFunction {
  const sums = [op.get, 2]
  const body = loop((offset) => [
    ...at, ...access(op.load, 'result', offset), ...op.bitsOfBytes, ...op.pairsOfBytes,
    ...sums, ...op.addWords, op.set, 2,
  ])
  const lanes = [0, 1, 2, 3].flatMap((lane) => [
    ...sums, ...op.pairsOfWords, ...op.lane, lane, ...(lane === 0 ? [] : op.add),
  ])
  return { signature: { takes: [i32], gives: [i32] }, locals: [[1, i32], [1, v128]], body: [...body, ...lanes] }
}

const kernels = {
  and: kernel('result', op.and, 'result', 'source'),
  or: kernel('result', op.or, 'result', 'source'),
  xor: kernel('result', op.xor, 'result', 'source'),
  not: kernel('result', op.not, 'result'),
  /** scratch = result & source; twice |= scratch */
  meet: kernel('scratch', op.and, 'result', 'source'),
  keepTwice: kernel('twice', op.or, 'twice', 'scratch'),
  withoutTwice: kernel('result', op.andNot, 'result', 'twice'),
  withFirst: kernel('result', op.and, 'result', 'first'),
  withoutFirst: kernel('result', op.andNot, 'result', 'first'),
  firstWithout: kernel('result', op.andNot, 'first', 'result'),
  count: counter(),
} as const

const { functions, memory } = instantiate(kernels, Object.keys(blocks).length * blockBytes)

/** The loops by name; each takes the number of bytes. */
export const vector = functions

function view(block: number): Uint8Array {
  return new Uint8Array(memory, block * blockBytes, blockBytes)
}

/** The blocks as bytes. */
export const block = {
  result: view(blocks.result), source: view(blocks.source), first: view(blocks.first), twice: view(blocks.twice),
} as const
