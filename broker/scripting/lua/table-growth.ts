// How large the two parts of a table become when it grows, as Lua 5.1 decides it: the array part is the largest power
// of two of which more than half would be in use.

/** Lua's arrays have at most 2^26 places. */
export const arrayBitsMax = 26

/** The smallest power of two that is no less than n ≤ 2^30. */
export function powerOfTwo(n: number): number {
  return n <= 1 ? 1 : 1 << (32 - Math.clz32(n - 1))
}

/** The exponent of the smallest power of two that is no less than n. */
function bitsOf(n: number): number {
  return n <= 1 ? 0 : 32 - Math.clz32(n - 1)
}

/** How many integer keys there are by `bitsOf`, while a table is counted. */
const counts = new Int32Array(arrayBitsMax + 1)

/** Counts a key if it could be one of the array part: 1 if it did. */
function countKey(key: unknown): 0 | 1 {
  if (typeof key !== 'number' || !Number.isInteger(key) || key < 1 || key > 2 ** arrayBitsMax) return 0
  counts[bitsOf(key)]!++
  return 1
}

/** The size of the array part for the integer keys that were counted, of which there are so many, and how many fit. */
function chooseArraySize(integers: number): { arraySize: number; inArray: number } {
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

/** The sizes for a table whose nodes are all taken when one more key comes: array part, and keys of the hash part. */
export function grownSizes(
  array: readonly unknown[], keys: readonly unknown[], values: readonly unknown[], key: unknown,
): { arraySize: number; hashKeys: number } {
  counts.fill(0)
  let integers = 0
  for (let i = 0; i < array.length; i++) {
    if (array[i] === undefined) continue
    integers++
    counts[bitsOf(i + 1)]!++
  }
  let total = integers + 1
  for (let i = 0; i < keys.length; i++) {
    if (values[i] === undefined) continue
    total++
    integers += countKey(keys[i])
  }
  integers += countKey(key)
  const { arraySize, inArray } = chooseArraySize(integers)
  return { arraySize, hashKeys: total - inArray }
}
