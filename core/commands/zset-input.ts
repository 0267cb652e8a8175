// What ZUNION and its like take in: sorted sets, and sets, whose members all count 1.

import type { Engine } from '../engine.ts'
import { formOf, rootOf, types } from '../keyspace/entry.ts'
import type { Type } from '../keyspace/entry.ts'

/** `entry` 0: an absent key. */
export type Input = { entry: number; type: Type; count: number; weight: number }

/** Gets a member and its score; false ends the walk. */
type Visit = (score: number, buf: Uint8Array, from: number, to: number) => boolean

export function countOf(x: Engine, entry: number, type: Type): number {
  const root = rootOf(x.arena, entry)
  const form = formOf(x.arena, entry)
  return type === types.set ? x.sets.one.open(root, form).size : x.zset.open(root, form).count
}

/** Gives `visit` each member and its score. Look-ups by `scoreIn` don't disturb it. */
export function walkInput(x: Engine, input: Input, visit: Visit): void {
  const { entry } = input
  if (entry === 0) return
  const root = rootOf(x.arena, entry)
  const form = formOf(x.arena, entry)
  if (input.type === types.set) {
    const set = x.sets.operand(0).open(root, form)
    for (let more = set.first(); more; more = set.next()) if (!visit(1, set.buf, set.from, set.to)) return
    return
  }
  const zset = x.zsetSource.open(root, form)
  for (let more = zset.first(); more; more = zset.next()) {
    zset.read()
    if (!visit(zset.score, zset.buf, zset.from, zset.to)) return
  }
}

/** The member's score, NaN when it isn't there. */
export function scoreIn(x: Engine, input: Input, buf: Uint8Array, from: number, to: number): number {
  const { entry } = input
  if (entry === 0) return NaN
  const root = rootOf(x.arena, entry)
  const form = formOf(x.arena, entry)
  if (input.type === types.set) return x.sets.one.open(root, form).has(buf, from, to) ? 1 : NaN
  const zset = x.zset.open(root, form)
  return zset.find(buf, from, to) ? zset.score : NaN
}
