// Counts of durations by power of two: class k holds what took up to 2^k microseconds (and more than half of that).

export const histogramClasses = 48

export function newHistogram(): Float64Array {
  return new Float64Array(histogramClasses)
}

/** Counts `n` durations of `micros` each (a whole number below 2^32). */
export function countMicros(histogram: Float64Array, micros: number, n = 1): void {
  histogram[32 - Math.clz32(micros)]! += n
}
