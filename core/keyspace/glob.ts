// Glob patterns on bytes as KEYS, SCAN, PSUBSCRIBE and CONFIG GET take them: `*`, `?`, `[set]` and `\x`.
// Semantics: https://redis.io/docs/latest/commands/keys/ ; its corners (an open bracket, ranges, which compare signed
// bytes, the empty text, which only the empty pattern matches) follow what redis-server answers.
//
// Only the last `*` is ever taken back: what an earlier one could match more of, the last one can too. So the time is
// at most the product of both lengths.

const star = 42
const question = 63
const bracket = 91
const backslash = 92
const closing = 93
const caret = 94
const dash = 45

/** True when `pattern[from..to)` matches all of `text[start..end)`; `noCase` folds ASCII letters. */
export function globMatch(
  pattern: Uint8Array, from: number, to: number, text: Uint8Array, start: number, end: number, noCase = false,
): boolean {
  if (start === end) return from === to
  let p = from
  let t = start
  let retryPattern = -1
  let retryText = start
  for (;;) {
    if (t === end) {
      while (p < to && pattern[p] === star) p++
      if (p === to) return true
      // More of the text for the last star only leaves less for the rest.
      return false
    }
    if (p < to && pattern[p] === star) {
      while (p + 1 < to && pattern[p + 1] === star) p++
      p++
      if (p === to) return true
      retryPattern = p
      retryText = t
      continue
    }
    const next = p < to ? matchOne(pattern, p, to, text[t]!, noCase) : 0
    if (next > 0) {
      p = next
      t++
    } else {
      if (retryPattern < 0) return false
      p = retryPattern
      t = ++retryText
    }
  }
}

/** Matches one byte with the element at `p`: the offset behind the element, or 0. */
function matchOne(pattern: Uint8Array, p: number, to: number, byte: number, noCase: boolean): number {
  const c = pattern[p]!
  if (c === question) return p + 1
  if (c === bracket) return matchSet(pattern, p + 1, to, byte, noCase)
  const at = c === backslash && p + 1 < to ? p + 1 : p
  return sameByte(pattern[at]!, byte, noCase) ? at + 1 : 0
}

/** As `matchOne`, for the set whose bracket stands before `p`. An open set ends with the pattern. */
function matchSet(pattern: Uint8Array, p: number, to: number, byte: number, noCase: boolean): number {
  let at = p
  const not = at < to && pattern[at] === caret
  if (not) at++
  let match = false
  for (;;) {
    if (at >= to) break
    if (to - at >= 2 && pattern[at] === backslash) {
      at++
      if (pattern[at] === byte) match = true
    } else if (pattern[at] === closing) {
      at++
      break
    } else if (to - at >= 3 && pattern[at + 1] === dash) {
      if (inRange(pattern[at]!, pattern[at + 2]!, byte, noCase)) match = true
      at += 2
    } else if (sameByte(pattern[at]!, byte, noCase)) match = true
    at++
  }
  return match === not ? 0 : at
}

function inRange(first: number, last: number, byte: number, noCase: boolean): boolean {
  // Bytes compare as signed, as chars do in the C of redis-server.
  let low = (first << 24) >> 24
  let high = (last << 24) >> 24
  let c = (byte << 24) >> 24
  if (low > high) {
    const other = low
    low = high
    high = other
  }
  if (noCase) {
    low = lower(low)
    high = lower(high)
    c = lower(c)
  }
  return c >= low && c <= high
}

function sameByte(a: number, b: number, noCase: boolean): boolean {
  return a === b || (noCase && lower(a) === lower(b))
}

function lower(c: number): number {
  return c >= 65 && c <= 90 ? c + 32 : c
}
