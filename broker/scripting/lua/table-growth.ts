// How large the two parts of a table become when it grows, as Lua 5.1 decides it: the array part is the largest power
// of two of which more than half would be in use.

/** Lua's arrays have at most 2^26 places. */
export const arrayBitsMax = 26

export function powerOfTwo(n: number): number {
  return n <= 1 ? 1 : 2 ** (32 - Math.clz32(n - 1))
}

/** The exponent of the smallest power of two that is no less than n. */
function bitsOf(n: number): number {
  return n <= 1 ? 0 : 32 - Math.clz32(n - 1)
}

/** How many integer keys there are by `bitsOf`, while a table is counted. */
const counts = new Int32Array(arrayBitsMax + 1)

export function startCount(): void {
  counts.fill(0)
}

export function countInteger(key: number): void {
  counts[bitsOf(key)]!++
}

/** Counts a key if it could be one of the array part: 1 if it did. */
export function countKey(key: unknown): 0 | 1 {
  if (typeof key !== 'number' || !Number.isInteger(key) || key < 1 || key > 2 ** arrayBitsMax) return 0
  countInteger(key)
  return 1
}

/** The size of the array part for the integer keys that were counted, of which there are so many, and how many fit. */
export function chooseArraySize(integers: number): { arraySize: number; inArray: number } {
  let arraySize = 0
  let inArray = 0
  let seen = 0
  for (let bits = 0, size = 1; size / 2 < integers && bits <= arrayBitsMax; bits++, size *= 2) {
    seen += counts[bits]!
    if (counts[bits]! > 0 && seen > size / 2) {
      arraySize = size
      inArray = seen
    }
    if (seen === integers) break
  }
  return { arraySize, inArray }
}
