// What ZUNION and its like take in: sorted sets, and sets, whose members all count 1.

import type { Engine } from '../engine.ts'
import { formOf, rootOf, types } from '../keyspace/entry.ts'
import type { Type } from '../keyspace/entry.ts'

/** `entry` 0: an absent key. */
export type Input = { entry: number; type: Type; count: number; weight: number }

export function countOf(x: Engine, entry: number, _type: Type): number {
  return x.zset.open(rootOf(x.arena, entry), formOf(x.arena, entry)).count
}

/** Gives `visit` each member and its score, until it returns false. */
export function walkInput(
  x: Engine, input: Input, visit: (score: number, buf: Uint8Array, from: number, to: number) => boolean,
): void {
  const { entry, type } = input
  if (entry === 0 || type !== types.zset) return
  const zset = x.zsetSource.open(rootOf(x.arena, entry), formOf(x.arena, entry))
  for (let more = zset.first(); more; more = zset.next()) {
    zset.read()
    if (!visit(zset.score, zset.buf, zset.from, zset.to)) return
  }
}

/** The member's score, NaN when it isn't there. */
export function scoreIn(x: Engine, input: Input, buf: Uint8Array, from: number, to: number): number {
  const { entry } = input
  if (entry === 0) return NaN
  const zset = x.zset.open(rootOf(x.arena, entry), formOf(x.arena, entry))
  return zset.find(buf, from, to) ? zset.score : NaN
}
