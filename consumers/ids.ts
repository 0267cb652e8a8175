// The order of entry ids as text.

/** Below 0: `a` is before `b`; ids are `<ms>-<seq>`, or `<ms>`. */
export function compareIds(a: string, b: string): number {
  const [aMs, aSeq = 0n] = a.split('-').map(BigInt) as [bigint, bigint?]
  const [bMs, bSeq = 0n] = b.split('-').map(BigInt) as [bigint, bigint?]
  if (aMs !== bMs) return aMs < bMs ? -1 : 1
  return aSeq === bSeq ? 0 : aSeq < bSeq ? -1 : 1
}
