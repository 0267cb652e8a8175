// What PFSELFTEST tries: that packed registers keep what they are given, that sparse and dense ones tell the same, and
// that estimates stay within the error that the size of the sketch promises.

import { denseBytes, mergeDense, readRegister, writeRegister } from './hll-dense.ts'
import { indexBits, placeOf, registers } from './hll-hash.ts'
import { countRegisters } from './hyperloglog.ts'

/** 1.04 / √registers */
const standardError = 0.0081
const elements = 100_000

/** What is wrong, undefined when nothing is. */
export function selfTest(): string | undefined {
  const packed = new Uint8Array(denseBytes)
  const plain = new Uint8Array(registers)
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < registers; i++) {
      const value = (Math.imul(i + round, 2654435761) >>> 7) & 63
      writeRegister(packed, 0, i, value)
      plain[i] = value
    }
    for (let i = 0; i < registers; i++) {
      if (readRegister(packed, 0, i) !== plain[i]) return `register ${i} is not what was written to it`
    }
  }

  packed.fill(0)
  plain.fill(0)
  const element = Buffer.alloc(8)
  for (let n = 1, checked = 1; n <= elements; n++) {
    element.writeUInt32LE(n)
    const place = placeOf(element, 0, 8)
    const index = place & (registers - 1)
    const rank = place >>> indexBits
    if (rank > readRegister(packed, 0, index)) writeRegister(packed, 0, index, rank)
    if (n !== checked) continue
    checked *= 10
    plain.fill(0)
    mergeDense(packed, 0, plain)
    const error = Math.abs(countRegisters(plain) - n)
    // As many standard errors as hardly any run exceeds; of a few elements none may be lost.
    if (error > Math.ceil(standardError * 6 * n)) return `an estimate of ${n} elements is off by ${error}`
  }
  return undefined
}
