// Random members: SPOP and SRANDMEMBER. What SPOP took is logged as SREM of just these members.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { randomRepeatsMax } from '../limits.ts'
import type { Reply } from '../reply.ts'
import { replyMembers } from '../types/set-reply.ts'
import { randomPlace, samplePlaces } from '../types/set-sample.ts'
import { setForms } from '../types/set.ts'
import type { MemberSet } from '../types/set.ts'
import { keepOrDelete, keepSet, openSet, wrong } from './set-key.ts'

/** When SPOP leaves so few of a hashtable's members behind, Redis keeps them in a new and smaller set. */
const leftoverShare = 5

export function spop(x: Engine, a: Args, r: Reply): void {
  if (a.count === 3) {
    popSome(x, a, r)
    return
  }
  if (a.count > 3) {
    r.error(replies.syntax)
    return
  }
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, true)
  if (entry === wrong) return
  if (entry === 0) {
    r.nil()
    return
  }
  set.moveTo(randomPlace(set, x.random))
  r.bulk(set.buf, set.from, set.to)
  x.changed()
  x.effect(3)
  x.wordText('SREM')
  x.wordArg(a, 1)
  x.wordBytes(set.buf, set.from, set.to)
  x.endEffect()
  set.removeAt(set.place)
  x.touch(a.buf, a.start[1]!, a.end[1]!)
  x.notify('s', 'spop', a.buf, a.start[1]!, a.end[1]!)
  keepOrDelete(x, a, 1, entry, set)
}

function popSome(x: Engine, a: Args, r: Reply): void {
  const count = a.int(2)
  if (!(count >= 0)) {
    r.error(replies.mustBePositive)
    return
  }
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, true)
  if (entry === wrong) return
  if (entry === 0 || count === 0) {
    r.set(0)
    return
  }
  x.changed(Math.min(count, set.size))
  x.touch(a.buf, a.start[1]!, a.end[1]!)
  x.notify('s', 'spop', a.buf, a.start[1]!, a.end[1]!)
  if (count >= set.size) popAll(x, a, r, entry, set)
  else {
    popSample(x, a, r, set, count)
    keepSet(x, entry, set)
  }
}

function popAll(x: Engine, a: Args, r: Reply, entry: number, set: MemberSet): void {
  r.set(set.size)
  replyMembers(r, set)
  x.effect(2)
  x.wordText('DEL')
  x.wordArg(a, 1)
  x.endEffect()
  x.db.remove(entry, x.db.hash(a.buf, a.start[1]!, a.end[1]!))
  x.notify('g', 'del', a.buf, a.start[1]!, a.end[1]!)
}

function popSample(x: Engine, a: Args, r: Reply, set: MemberSet, count: number): void {
  const places = samplePlaces(set, count, x.random)
  r.set(count)
  x.effect(2 + count)
  x.wordText('SREM')
  x.wordArg(a, 1)
  for (let i = 0; i < count; i++) {
    set.moveTo(places[i]!)
    r.bulk(set.buf, set.from, set.to)
    x.wordBytes(set.buf, set.from, set.to)
  }
  x.endEffect()
  // From the last on: those before a place stay where they are.
  for (let i = count - 1; i >= 0; i--) set.removeAt(places[i]!)
  if (set.form === setForms.dict && set.size * leftoverShare <= count) set.toPack()
}

export function srandmember(x: Engine, a: Args, r: Reply): void {
  if (a.count === 3) {
    someMembers(x, a, r)
    return
  }
  if (a.count > 3) {
    r.error(replies.syntax)
    return
  }
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, false)
  if (entry === wrong) return
  if (entry === 0) r.nil()
  else replyRandom(x, r, set)
}

function someMembers(x: Engine, a: Args, r: Reply): void {
  const count = a.int(2)
  if (Number.isNaN(count)) {
    r.error(replies.notInteger)
    return
  }
  if (a.text(2) === '-9223372036854775808') {
    r.error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807')
    return
  }
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, false)
  if (entry === wrong) return
  if (entry === 0 || count === 0) r.array(0)
  else if (count < 0) repeatedMembers(x, r, set, -count)
  else if (count >= set.size) {
    r.array(set.size)
    replyMembers(r, set)
  } else {
    const places = samplePlaces(set, count, x.random)
    r.array(count)
    for (let i = 0; i < count; i++) {
      set.moveTo(places[i]!)
      r.bulk(set.buf, set.from, set.to)
    }
  }
}

/** Each of them any member, whichever came before. */
function repeatedMembers(x: Engine, r: Reply, set: MemberSet, count: number): void {
  if (count > randomRepeatsMax) {
    r.error(replies.outOfRange)
    return
  }
  r.array(count)
  for (let i = 0; i < count; i++) replyRandom(x, r, set)
}

function replyRandom(x: Engine, r: Reply, set: MemberSet): void {
  set.moveTo(randomPlace(set, x.random))
  r.bulk(set.buf, set.from, set.to)
}
