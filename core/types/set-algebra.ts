// Intersection, union and difference of sets, given as the first `count` operands of the pool. Each either answers a
// client or builds the pool's `result`, in the encoding that Redis 7.4 would give it.

import type { Form } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import type { SetPool } from './set-pool.ts'
import { setForms } from './set.ts'
import type { MemberSet } from './set.ts'

/** The union of so many sets is answered without building it: each member is looked for in the sets before its own. */
const probedSetsMax = 6

const bySize = (one: MemberSet, other: MemberSet): number => one.size - other.size

/** The operands, smallest first. */
function ordered(pool: SetPool, count: number): MemberSet[] {
  const sets: MemberSet[] = []
  for (let i = 0; i < count; i++) sets.push(pool.operand(i))
  return count === 1 ? sets : sets.toSorted(bySize)
}

/** True when all sets from the second on have the first's current member. */
function allHave(sets: readonly MemberSet[], first: MemberSet): boolean {
  for (let i = 1; i < sets.length; i++) if (!sets[i]!.hasCurrentOf(first)) return false
  return true
}

/** Answers with the members that all sets have. */
export function replyIntersection(pool: SetPool, count: number, r: Reply): void {
  const sets = ordered(pool, count)
  const first = sets[0]!
  const mark = r.deferred()
  let found = 0
  for (let more = first.first(); more; more = first.next()) {
    if (!allHave(sets, first)) continue
    r.bulk(first.buf, first.from, first.to)
    found++
  }
  r.setSet(mark, found)
}

/** Counts the members that all sets have, up to `limit`; 0 is no limit. */
export function countIntersection(pool: SetPool, count: number, limit: number): number {
  const sets = ordered(pool, count)
  const first = sets[0]!
  if (count === 1) return limit > 0 ? Math.min(limit, first.size) : first.size
  let found = 0
  for (let more = first.first(); more; more = first.next()) {
    if (allHave(sets, first) && ++found === limit) break
  }
  return found
}

export function buildIntersection(pool: SetPool, count: number): MemberSet {
  const sets = ordered(pool, count)
  const first = sets[0]!
  const kept = keptOf(first)
  for (let more = first.first(); more; more = first.next()) if (allHave(sets, first)) keep(kept, first)
  const result = buildKept(pool, first, kept, first.form === setForms.intset ? setForms.intset : setForms.pack)
  result.toIntset()
  return result
}

/** Answers with the members that any set has. */
export function replyUnion(pool: SetPool, count: number, r: Reply): void {
  let intsets = 0
  for (let i = 0; i < count; i++) if (pool.operand(i).form === setForms.intset) intsets++
  // Integers come sorted, as long as an intset can hold them.
  if (intsets === count || count > probedSetsMax) {
    replyResult(buildUnion(pool, count), r)
    return
  }
  const mark = r.deferred()
  let found = 0
  for (let i = 0; i < count; i++) {
    const set = pool.operand(i)
    for (let more = set.first(); more; more = set.next()) {
      if (hasEarlier(pool, i, set)) continue
      r.bulk(set.buf, set.from, set.to)
      found++
    }
  }
  r.setSet(mark, found)
}

function hasEarlier(pool: SetPool, before: number, set: MemberSet): boolean {
  for (let i = 0; i < before; i++) if (pool.operand(i).hasCurrentOf(set)) return true
  return false
}

export function buildUnion(pool: SetPool, count: number): MemberSet {
  const result = startWith(pool, count)
  for (let i = 0; i < count; i++) {
    const set = pool.operand(i)
    for (let more = set.first(); more; more = set.next()) {
      if (i === 0) result.addAbsentCurrentOf(set)
      else result.addCurrentOf(set)
    }
  }
  return result
}

/** An empty result for at least as many members as the first set has. */
function startWith(pool: SetPool, count: number): MemberSet {
  const members = count === 0 ? 0 : pool.operand(0).size
  return pool.result.needsDict(members) ? pool.result.create(setForms.dict, members)
    : pool.result.create(setForms.intset)
}

/** Answers with the members of the first set that no other set has. */
export function replyDifference(pool: SetPool, count: number, r: Reply): void {
  if (removalIsCheaper(pool, count)) {
    replyResult(buildByRemoval(pool, count), r)
    return
  }
  const first = pool.operand(0)
  const others = othersOf(pool, count)
  const mark = r.deferred()
  let found = 0
  for (let more = first.first(); more; more = first.next()) {
    if (anyHas(others, first)) continue
    r.bulk(first.buf, first.from, first.to)
    found++
  }
  r.setSet(mark, found)
}

export function buildDifference(pool: SetPool, count: number): MemberSet {
  if (removalIsCheaper(pool, count)) return buildByRemoval(pool, count)
  const first = pool.operand(0)
  const others = othersOf(pool, count)
  const kept = keptOf(first)
  for (let more = first.first(); more; more = first.next()) if (!anyHas(others, first)) keep(kept, first)
  return buildKept(pool, first, kept, setForms.intset)
}

/** All sets but the first, largest first, as they are the likeliest to have a member. */
function othersOf(pool: SetPool, count: number): MemberSet[] {
  const others: MemberSet[] = []
  for (let i = 1; i < count; i++) others.push(pool.operand(i))
  return others.toSorted(bySize).toReversed()
}

function anyHas(others: readonly MemberSet[], first: MemberSet): boolean {
  for (const other of others) if (other.hasCurrentOf(first)) return true
  return false
}

/** As Redis weighs it, and it shows in the result's encoding: look for each member, or take out what others have. */
function removalIsCheaper(pool: SetPool, count: number): boolean {
  const size = pool.operand(0).size
  let members = 0
  for (let i = 0; i < count; i++) members += pool.operand(i).size
  return Math.floor((size * count) / 2) > members
}

function buildByRemoval(pool: SetPool, count: number): MemberSet {
  const result = startWith(pool, count)
  const first = pool.operand(0)
  for (let more = first.first(); more; more = first.next()) result.addAbsentCurrentOf(first)
  for (let i = 1; i < count && result.size > 0; i++) {
    const set = pool.operand(i)
    for (let more = set.first(); more; more = set.next()) result.remove(set.buf, set.from, set.to)
  }
  return result
}

/** Members of a set that belong to a result: their places and, in a hashtable, their hashes. */
type Kept = { places: Uint32Array; hashes: Uint32Array; count: number }

function keptOf(set: MemberSet): Kept {
  return { places: new Uint32Array(set.size), hashes: new Uint32Array(set.size), count: 0 }
}

function keep(kept: Kept, set: MemberSet): void {
  kept.places[kept.count] = set.place
  kept.hashes[kept.count++] = set.hash
}

/** Builds a result of what was kept, in a hashtable made to size if it needs one, else beginning with that encoding. */
function buildKept(pool: SetPool, set: MemberSet, { places, hashes, count }: Kept, form: Form): MemberSet {
  const result = set.needsDict(count) ? pool.result.create(setForms.dict, count) : pool.result.create(form)
  for (let i = 0; i < count; i++) {
    set.moveTo(places[i]!)
    set.hash = hashes[i]!
    result.addAbsentCurrentOf(set)
  }
  return result
}

function replyResult(result: MemberSet, r: Reply): void {
  r.set(result.size)
  for (let more = result.first(); more; more = result.next()) r.bulk(result.buf, result.from, result.to)
  result.free()
}
