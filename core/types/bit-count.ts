// Counts and finds bits in runs of bytes, a 32-bit word at a time.
//
// V8 has no instruction for a population count. Eight words are folded by carry-save adders into one word of each
// weight, so that the usual sum within a word (S. Anderson's bit hacks) is paid once in eight words (R. Harley and
// D. Seal).

/** Set bits of a 32-bit word. */
export function bitsOf(word: number): number {
  let x = (word - ((word >>> 1) & 0x55555555)) | 0
  x = ((x & 0x33333333) + ((x >>> 2) & 0x33333333)) | 0
  x = (x + (x >>> 4)) & 0x0f0f0f0f
  return Math.imul(x, 0x01010101) >>> 24
}

/** Set bits of `words[from..to)`. */
function countWords(words: Uint32Array, from: number, to: number): number {
  let ones = 0
  let twos = 0
  let fours = 0
  let eights = 0
  let i = from
  for (; i + 8 <= to; i += 8) {
    let a = words[i]! | 0
    let b = words[i + 1]! | 0
    let half = ones ^ a
    const twosA = (ones & a) | (half & b)
    ones = half ^ b
    a = words[i + 2]! | 0
    b = words[i + 3]! | 0
    half = ones ^ a
    const twosB = (ones & a) | (half & b)
    ones = half ^ b
    half = twos ^ twosA
    const foursA = (twos & twosA) | (half & twosB)
    twos = half ^ twosB
    a = words[i + 4]! | 0
    b = words[i + 5]! | 0
    half = ones ^ a
    const twosC = (ones & a) | (half & b)
    ones = half ^ b
    a = words[i + 6]! | 0
    b = words[i + 7]! | 0
    half = ones ^ a
    const twosD = (ones & a) | (half & b)
    ones = half ^ b
    half = twos ^ twosC
    const foursB = (twos & twosC) | (half & twosD)
    twos = half ^ twosD
    half = fours ^ foursA
    eights = (eights + bitsOf((fours & foursA) | (half & foursB))) | 0
    fours = half ^ foursB
  }
  let total = eights * 8 + bitsOf(fours) * 4 + bitsOf(twos) * 2 + bitsOf(ones)
  for (; i < to; i++) total += bitsOf(words[i]! | 0)
  return total
}

/** Set bits of `bytes[from..to)`; `words` are the same memory. */
export function countBits(bytes: Uint8Array, words: Uint32Array, from: number, to: number): number {
  let total = 0
  let at = from
  for (; at < to && (at & 3) !== 0; at++) total += bitsOf(bytes[at]!)
  const end = to & ~3
  if (at < end) {
    total += countWords(words, at >> 2, end >> 2)
    at = end
  }
  for (; at < to; at++) total += bitsOf(bytes[at]!)
  return total
}

/** Longer stretches are compared with these by the system's own routine, six times as fast as word by word. */
const compareBytes = 8192
const zeros = Buffer.alloc(compareBytes)
const ones = Buffer.alloc(compareBytes, 0xff)

/** How many whole words of `bytes[from..to)` are all zeros (or all ones) without a break; `from` is a word's begin. */
function equalWords(bytes: Buffer, words: Uint32Array, from: number, to: number, skipOnes: boolean): number {
  const pattern = skipOnes ? ones : zeros
  let at = from
  while (at + compareBytes <= to && bytes.compare(pattern, 0, compareBytes, at, at + compareBytes) === 0) {
    at += compareBytes
  }
  const word = skipOnes ? 0xffffffff : 0
  while (at + 4 <= to && words[at >> 2] === word) at += 4
  return (at - from) >> 2
}

/**
 * The first `bit` (0 or 1) among the bits `first … last` of the run of bytes that begins at `start`, counted from the
 * run's first; -1 when there is none. `words` are the same memory as `bytes`.
 */
export function findBit(
  bytes: Buffer, words: Uint32Array, start: number, first: number, last: number, bit: number,
): number {
  const flip = bit === 1 ? 0 : 0xff
  const firstByte = Math.floor(first / 8)
  const lastByte = Math.floor(last / 8)
  for (let i = firstByte; i <= lastByte; i++) {
    let found = bytes[start + i]! ^ flip
    if (i === firstByte) found &= 0xff >>> first % 8
    if (i === lastByte) found &= 0xff << (7 - (last % 8))
    if (found !== 0) return i * 8 + Math.clz32(found) - 24
    const next = start + i + 1
    if ((next & 3) === 0) i += 4 * equalWords(bytes, words, next, start + lastByte, bit === 0)
  }
  return -1
}
