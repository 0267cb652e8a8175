// Intersection, union and difference of sets, given as the first `count` operands of the pool. Each either answers a
// client or builds the pool's `result`, in the encoding that Redis 7.4 would give it.

import type { Form } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import type { SetPool } from './set-pool.ts'
import { replyMembers, replyPlace } from './set-reply.ts'
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

/** Answers with the members that all sets have. */
export function replyIntersection(pool: SetPool, count: number, r: Reply): void {
  const [first, ...others] = ordered(pool, count)
  const mark = r.deferred()
  r.setSet(mark, replyPassed(pool, first!, others, true, r))
}

/** Counts the members that all sets have, up to `limit`; 0 is no limit. */
export function countIntersection(pool: SetPool, count: number, limit: number): number {
  const [first, ...others] = ordered(pool, count)
  const most = limit > 0 ? limit : Infinity
  if (count === 1) return Math.min(most, first!.size)
  const { filter } = pool
  filter.start(first!, others, true)
  let found = 0
  for (let passed = filter.next(); passed > 0 && found < most; passed = filter.next()) found += passed
  return Math.min(most, found)
}

export function buildIntersection(pool: SetPool, count: number): MemberSet {
  const [first, ...others] = ordered(pool, count)
  const form = first!.form === setForms.intset ? setForms.intset : setForms.pack
  const result = buildParts(pool, [partOf(pool, first!, others, true)], form)
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
  const earlier: MemberSet[] = []
  let found = 0
  for (let i = 0; i < count; i++) {
    const set = pool.operand(i)
    found += replyPassed(pool, set, earlier, false, r)
    earlier.push(set)
  }
  r.setSet(mark, found)
}

export function buildUnion(pool: SetPool, count: number): MemberSet {
  let most = 0
  for (let i = 0; i < count; i++) most += pool.operand(i).size
  // What may be large is counted first, so that its table has the right size from the start.
  if (count <= probedSetsMax && pool.result.needsDict(most)) return buildLargeUnion(pool, count)
  const result = startWith(pool, count)
  for (let i = 0; i < count; i++) {
    const set = pool.operand(i)
    for (let more = set.firstPlace(); more; more = set.nextPlace()) {
      if (i === 0) result.addAbsentCurrentOf(set)
      else result.addCurrentOf(set)
    }
  }
  return result
}

function buildLargeUnion(pool: SetPool, count: number): MemberSet {
  const parts: Part[] = []
  const earlier: MemberSet[] = []
  for (let i = 0; i < count; i++) {
    const set = pool.operand(i)
    parts.push(partOf(pool, set, earlier, false))
    earlier.push(set)
  }
  return buildParts(pool, parts, setForms.intset)
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
  const mark = r.deferred()
  r.setSet(mark, replyPassed(pool, pool.operand(0), othersOf(pool, count), false, r))
}

export function buildDifference(pool: SetPool, count: number): MemberSet {
  if (removalIsCheaper(pool, count)) return buildByRemoval(pool, count)
  return buildParts(pool, [partOf(pool, pool.operand(0), othersOf(pool, count), false)], setForms.intset)
}

/** All sets but the first, largest first, as they are the likeliest to have a member. */
function othersOf(pool: SetPool, count: number): MemberSet[] {
  const others: MemberSet[] = []
  for (let i = 1; i < count; i++) others.push(pool.operand(i))
  return others.toSorted(bySize).toReversed()
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
  for (let more = first.firstPlace(); more; more = first.nextPlace()) result.addAbsentCurrentOf(first)
  for (let i = 1; i < count && result.size > 0; i++) {
    const set = pool.operand(i)
    for (let more = set.first(); more; more = set.next()) result.remove(set.buf, set.from, set.to)
  }
  return result
}

/** Writes the members of `set` that each of the others has, or that each lacks; returns how many. */
function replyPassed(
  pool: SetPool, set: MemberSet, others: readonly MemberSet[], wanted: boolean, r: Reply,
): number {
  if (others.length === 0) {
    replyMembers(r, set)
    return set.size
  }
  const { filter } = pool
  filter.start(set, others, wanted)
  let found = 0
  for (let passed = filter.next(); passed > 0; passed = filter.next()) {
    for (let i = 0; i < passed; i++) replyPlace(r, set, filter.places[i]!)
    found += passed
  }
  return found
}

/** Members of a set that belong to a result: their places and, in a hashtable, their hashes. */
type Part = { set: MemberSet; places: Uint32Array; hashes: Uint32Array; count: number }

/** The members of `set` that each of the others has, or that each lacks. */
function partOf(pool: SetPool, set: MemberSet, others: readonly MemberSet[], wanted: boolean): Part {
  const { filter } = pool
  const part = { set, places: new Uint32Array(set.size), hashes: new Uint32Array(set.size), count: 0 }
  filter.start(set, others, wanted)
  for (let passed = filter.next(); passed > 0; passed = filter.next()) {
    part.places.set(filter.places.subarray(0, passed), part.count)
    part.hashes.set(filter.hashes.subarray(0, passed), part.count)
    part.count += passed
  }
  return part
}

/** Builds a result of parts without a member in common, in the encoding of `form` unless they need a hashtable. */
function buildParts(pool: SetPool, parts: readonly Part[], form: Form): MemberSet {
  let total = 0
  for (const part of parts) total += part.count
  const { result } = pool
  if (result.needsDict(total)) result.create(setForms.dict, total)
  else result.create(form)
  for (const { set, places, hashes, count } of parts) {
    for (let i = 0; i < count; i++) {
      if (set.form === setForms.dict) set.place = places[i]!
      else set.moveTo(places[i]!)
      set.hash = hashes[i]!
      result.addAbsentCurrentOf(set)
    }
  }
  return result
}

function replyResult(result: MemberSet, r: Reply): void {
  r.set(result.size)
  replyMembers(r, result)
  result.free()
}
