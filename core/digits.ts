// Integers in decimal, written without a string in between.

/** Bytes that any integer that a double holds exactly takes. */
export const digitsMax = 17

/** Writes `value` (a whole number within ±(2^53 − 1)) so that it ends at `target[end - 1]`; returns where it begins. */
export function writeDigits(target: Uint8Array, end: number, value: number): number {
  let left = value < 0 ? -value : value
  let at = end
  while (left > 0x7fffffff) {
    const rest = Math.floor(left / 10)
    target[--at] = left - rest * 10 + 48
    left = rest
  }
  let small = left | 0
  do {
    const rest = (small / 10) | 0
    target[--at] = small - rest * 10 + 48
    small = rest
  } while (small > 0)
  if (value < 0) target[--at] = 45
  return at
}
