// The names under which the log itself is read as a stream: `$all`, `$key:<key>`, `$match:<glob>`. No other name that
// begins with `$` means anything.

export type LogStreamKind = 'all' | 'key' | 'match'

const dollar = 36
const all = Buffer.from('$all')
const key = Buffer.from('$key:')
const match = Buffer.from('$match:')

/** Where the key or the pattern begins in names of each kind. */
export const logStreamPrefixBytes = { all: all.length, key: key.length, match: match.length } as const

/** What `buf[from..to)` names; undefined for all other keys. */
export function logStreamKind(buf: Uint8Array, from: number, to: number): LogStreamKind | undefined {
  if (buf[from] !== dollar || to - from < all.length) return undefined
  if (to - from === all.length) return begins(buf, from, all) ? 'all' : undefined
  if (to - from >= key.length && begins(buf, from, key)) return 'key'
  return to - from >= match.length && begins(buf, from, match) ? 'match' : undefined
}

function begins(buf: Uint8Array, from: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (buf[from + i] !== word[i]) return false
  return true
}
