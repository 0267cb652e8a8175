// BITOP's arithmetic: block by block of the sources, in the vectors of bit-vector.ts.

import { block, blockBytes, vector } from './bit-vector.ts'

export type BitOperation = 'AND' | 'OR' | 'XOR' | 'NOT' | 'DIFF' | 'DIFF1' | 'ANDOR' | 'ONE'

/**
 * Combines block after block of `sources` sources, of `size` bytes each. `load` copies the bytes from `at` on of a
 * source to the beginning of `into`, with zeros where the source is shorter; `store` takes the result's bytes.
 */
export function combine(
  operation: BitOperation, sources: number, size: number,
  load: (source: number, at: number, into: Uint8Array, count: number) => void,
  store: (at: number, from: Uint8Array, count: number) => void,
): void {
  const split = operation === 'DIFF' || operation === 'DIFF1' || operation === 'ANDOR'
  for (let at = 0; at < size; at += blockBytes) {
    const bytes = Math.min(blockBytes, size - at)
    if (split) load(0, at, block.first, bytes)
    if (operation === 'ONE') block.twice.fill(0, 0, bytes)
    const begin = split ? 1 : 0
    load(begin, at, block.result, bytes)
    for (let i = begin + 1; i < sources; i++) {
      load(i, at, block.source, bytes)
      if (operation === 'AND') vector.and(bytes)
      else if (operation === 'XOR') vector.xor(bytes)
      else if (operation === 'ONE') {
        vector.meet(bytes)
        vector.keepTwice(bytes)
        vector.xor(bytes)
      } else vector.or(bytes)
    }
    finish(operation, bytes)
    store(at, block.result, bytes)
  }
}

/** What the operation does with the block once all sources are in. */
function finish(operation: BitOperation, bytes: number): void {
  if (operation === 'NOT') vector.not(bytes)
  else if (operation === 'DIFF') vector.firstWithout(bytes)
  else if (operation === 'DIFF1') vector.withoutFirst(bytes)
  else if (operation === 'ANDOR') vector.withFirst(bytes)
  // A bit that three sources have is set again in the sum: what was seen twice is out for good.
  else if (operation === 'ONE') vector.withoutTwice(bytes)
}
