// Counts of durations: exact below 32 microseconds, above that 16 classes for each doubling, so that a class is told
// from its neighbours by less than 7 %.

const exactMicros = 32
/** Bits behind the first one that tell classes of a doubling apart. */
const classBits = 4
const classesPerDoubling = 1 << classBits
const exactBits = 5
const wordBits = 32

export const histogramClasses = exactMicros + (wordBits - exactBits) * classesPerDoubling

export function newHistogram(): Float64Array {
  return new Float64Array(histogramClasses)
}

/** Counts `n` durations of `micros` each (a whole number below 2^32). */
export function countMicros(histogram: Float64Array, micros: number, n = 1): void {
  histogram[classOf(micros)]! += n
}

function classOf(micros: number): number {
  if (micros < exactMicros) return micros
  const doubling = wordBits - 1 - Math.clz32(micros)
  const within = (micros >>> (doubling - classBits)) & (classesPerDoubling - 1)
  return exactMicros + (doubling - exactBits) * classesPerDoubling + within
}

/** The longest duration of a class, in microseconds. */
export function longestOf(index: number): number {
  if (index < exactMicros) return index
  const doubling = exactBits + Math.floor((index - exactMicros) / classesPerDoubling)
  const within = (index - exactMicros) % classesPerDoubling
  return 2 ** doubling + (within + 1) * 2 ** (doubling - classBits) - 1
}

/** Calls `visit` with each power of two up to which durations were counted since the one before, and how many. */
export function byPowerOfTwo(histogram: Float64Array, visit: (power: number, count: number) => void): void {
  let power = 0
  let count = 0
  for (let i = 0; i < histogram.length; i++) {
    if (histogram[i] === 0) continue
    const at = powerAbove(longestOf(i))
    if (at !== power && count > 0) {
      visit(power, count)
      count = 0
    }
    power = at
    count += histogram[i]!
  }
  if (count > 0) visit(power, count)
}

/** The least power of two that is no less. */
function powerAbove(micros: number): number {
  return micros <= 1 ? 0 : wordBits - Math.clz32(micros - 1)
}

/** Microseconds that at least `p` per cent of the durations stayed within: the longest of their class. */
export function percentile(histogram: Float64Array, p: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  let sum = 0
  for (let i = 0; i < histogram.length; i++) {
    sum += histogram[i]!
    if (sum > 0 && sum >= (total * p) / 100) return longestOf(i)
  }
  return 0
}
