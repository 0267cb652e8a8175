// Scores in trees: the bits of a double, mapped so that unsigned order is numeric order; -0 counts as 0.

const f64 = new Float64Array(1)
const bits = new Uint32Array(f64.buffer)

/** High word of the order-preserving map of a score. */
export function scoreHigh(score: number): number {
  f64[0] = score === 0 ? 0 : score
  const high = bits[1]!
  return (high & 0x80000000) !== 0 ? ~high >>> 0 : (high | 0x80000000) >>> 0
}

/** Low word of the order-preserving map of a score. */
export function scoreLow(score: number): number {
  f64[0] = score === 0 ? 0 : score
  return (bits[1]! & 0x80000000) !== 0 ? ~bits[0]! >>> 0 : bits[0]!
}

/** The score of two mapped words. */
export function scoreOf(high: number, low: number): number {
  const positive = (high & 0x80000000) !== 0
  bits[1] = positive ? high & 0x7fffffff : ~high
  bits[0] = positive ? low : ~low
  return f64[0]!
}
