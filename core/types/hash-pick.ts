// Random fields of a hash: each as likely as every other. A pick is what `hash.at` names the field by.

import type { Random } from '../random.ts'
import { hashForms } from './hash.ts'
import type { Hash } from './hash.ts'

/** Up to this share of a table's fields are drawn one by one; more are taken from a list of all. */
const drawnShareMax = 1 / 3

/** Names all fields that are not hidden. */
export function allPicks(hash: Hash): number[] {
  const picks: number[] = []
  if (hash.form === hashForms.hashtable) hash.table.dict.each((at) => picks.push(at))
  else for (let at = hash.pack.first(); at !== 0; at = hash.after(at)) picks.push(at)
  if (!hash.hides) return picks
  return picks.filter((at) => {
    hash.at = at
    return !hash.isHidden()
  })
}

/**
 * Gives `visit` `count` fields of a hash that has some which are not hidden, maybe the same ones again, until it
 * returns false.
 */
export function drawFields(hash: Hash, random: Random, count: number, visit: (at: number) => boolean): void {
  // A table without hidden fields is drawn from as it is.
  const direct = hash.form === hashForms.hashtable && !hash.hides
  const picks = direct ? [] : allPicks(hash)
  for (let i = 0; i < count; i++) {
    if (!visit(direct ? hash.table.dict.random(random) : picks[below(random, picks.length)]!)) return
  }
}

/** `count` different fields of a hash, all that are not hidden when it has no more. */
export function sampleFields(hash: Hash, random: Random, count: number): number[] {
  const total = hash.count
  if (count < total * drawnShareMax && hash.form === hashForms.hashtable && !hash.hides) {
    const drawn = new Set<number>()
    while (drawn.size < count) drawn.add(hash.table.dict.random(random))
    return [...drawn]
  }
  const picks = allPicks(hash)
  if (count >= picks.length) return picks
  for (let i = 0; i < count; i++) {
    const other = i + below(random, picks.length - i)
    const pick = picks[other]!
    picks[other] = picks[i]!
    picks[i] = pick
  }
  picks.length = count
  return picks
}

/** Uniform in 0 … n-1. */
function below(random: Random, n: number): number {
  return Math.floor((random.u32() / 0x100000000) * n)
}
