// Bytes as strings of one character each. Keys, fields, words of replies come again and again: short ones are looked
// for in a small table before a string is made, which costs less than making one, and equal strings that are the same
// object are compared and looked up at once.

const slots = 2048
const cachedBytesMax = 40
const cache: string[] = Array.from({ length: slots }, () => '')

/** `buf[from..to)` as a string. */
export function textOf(buf: Buffer, from: number, to: number): string {
  const size = to - from
  if (size > cachedBytesMax) return buf.toString('latin1', from, to)
  let hash = size
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + buf[i]!) | 0
  const slot = (hash ^ (hash >>> 11)) & (slots - 1)
  const known = cache[slot]!
  if (known.length === size && sameText(known, buf, from)) return known
  const text = buf.toString('latin1', from, to)
  cache[slot] = text
  return text
}

function sameText(text: string, buf: Buffer, from: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== buf[from + i]) return false
  return true
}
