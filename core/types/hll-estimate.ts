// How many distinct elements a histogram of registers tells of: the improved raw estimator of O. Ertl, "New cardinality
// estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284, algorithm 6). Its only function is the square
// root, which IEEE 754 rounds alike everywhere, so that replay finds the same number on any machine.

import { indexBits, registers } from './hll-hash.ts'

/** 1 / (2 ln 2) */
const alpha = 0.5 / Math.LN2
const rankBits = 64 - indexBits

/** `counts[v]` registers have the value v, from 0 to 51; together 16,384. */
export function estimate(counts: Uint32Array): number {
  let z = registers * tau((registers - counts[rankBits + 1]!) / registers)
  for (let value = rankBits; value >= 1; value--) z = (z + counts[value]!) * 0.5
  z += registers * sigma(counts[0]! / registers)
  return Math.round((alpha * registers * registers) / z)
}

/** The sum over k ≥ 1 of x^(2^k) 2^(k-1), and x: what registers that are still empty add. */
function sigma(x: number): number {
  if (x === 1) return Infinity
  let power = x
  let weight = 1
  let sum = x
  for (let before = -1; before !== sum;) {
    before = sum
    power *= power
    sum += power * weight
    weight += weight
  }
  return sum
}

/** What registers that are full add. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0
  let root = x
  let weight = 1
  let sum = 1 - x
  for (let before = -1; before !== sum;) {
    before = sum
    root = Math.sqrt(root)
    weight *= 0.5
    sum -= (1 - root) ** 2 * weight
  }
  return sum / 3
}
