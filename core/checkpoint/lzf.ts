// LZF, in which RDB holds longer strings.
//
//   000LLLLL  then L + 1 bytes as they are
//   LLLooooo  oooooooo            L + 2 bytes from offset o + 1 back (L 1 … 6)
//   111ooooo  LLLLLLLL oooooooo   L + 9 bytes from there

/** The `size` bytes that `bytes[from..to)` stands for; undefined when it is damaged. */
export function expandLzf(bytes: Uint8Array, from: number, to: number, size: number): Buffer | undefined {
  const out = Buffer.allocUnsafe(size)
  let at = 0
  while (from < to) {
    const control = bytes[from++]!
    if (control < 32) {
      const count = control + 1
      if (from + count > to || at + count > size) return undefined
      out.set(bytes.subarray(from, from + count), at)
      from += count
      at += count
      continue
    }
    let count = control >>> 5
    if (count === 7) count += bytes[from++] ?? 0
    count += 2
    const back = at - ((control & 31) << 8) - (bytes[from++] ?? 0) - 1
    if (from > to || back < 0 || at + count > size) return undefined
    // What is copied may be what was just written.
    for (let i = 0; i < count; i++) out[at + i] = out[back + i]!
    at += count
  }
  return at === size ? out : undefined
}
