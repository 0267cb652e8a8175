// GEOADD, GEODIST, GEOHASH, GEOPOS. A geo index is a sorted set whose scores are places (types/geo.ts).
// https://redis.io/docs/latest/commands/?group=geo

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { decodePlace, distance, encodePlace, geohashText, place } from '../types/geo.ts'
import { lonLatArgument, replyCoordinates, replyDistance, unitArgument } from './geo-arguments.ts'
import { addMembers, countChanged, onlyNew, onlyOld, scoresFor } from './zset-add.ts'
import { openZset, wrong } from './zset-key.ts'

export function geoadd(x: Engine, a: Args, r: Reply): void {
  let flags = 0
  let first = 2
  for (; first < a.count; first++) {
    if (a.is(first, 'NX')) flags |= onlyNew
    else if (a.is(first, 'XX')) flags |= onlyOld
    else if (a.is(first, 'CH')) flags |= countChanged
    else break
  }
  const count = (a.count - first) / 3
  const both = (flags & onlyNew) !== 0 && (flags & onlyOld) !== 0
  if (count === 0 || !Number.isInteger(count) || both) {
    r.error(replies.syntax)
    return
  }
  const scores = scoresFor(count)
  for (let n = 0; n < count; n++) {
    if (!lonLatArgument(a, first + n * 3, r, place)) return
    scores[n] = encodePlace(place.longitude, place.latitude)
  }
  addMembers(x, a, r, first + 2, 3, count, flags)
}

export function geodist(x: Engine, a: Args, r: Reply): void {
  if (a.count > 5) {
    r.error(replies.syntax)
    return
  }
  const unitMeters = a.count === 5 ? unitArgument(a, 4, r) : 1
  if (unitMeters === 0) return
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  if (entry === 0 || !goTo(x, a, 2)) {
    r.nil()
    return
  }
  const { longitude, latitude } = place
  if (goTo(x, a, 3)) replyDistance(r, distance(longitude, latitude, place.longitude, place.latitude) / unitMeters)
  else r.nil()
}

export function geohash(x: Engine, a: Args, r: Reply): void {
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  r.array(a.count - 2)
  for (let i = 2; i < a.count; i++) {
    if (entry !== 0 && goTo(x, a, i)) r.text(geohashText(place.longitude, place.latitude))
    else r.nil()
  }
}

export function geopos(x: Engine, a: Args, r: Reply): void {
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  r.array(a.count - 2)
  for (let i = 2; i < a.count; i++) {
    if (entry !== 0 && goTo(x, a, i)) replyCoordinates(r, place.longitude, place.latitude)
    else r.nilArray()
  }
}

/** Finds the place of the member that argument i names. */
function goTo(x: Engine, a: Args, i: number): boolean {
  if (!x.zset.find(a.buf, a.start[i]!, a.end[i]!)) return false
  decodePlace(x.zset.score)
  return true
}
