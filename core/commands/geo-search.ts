// GEOSEARCH, GEOSEARCHSTORE, and the older GEORADIUS family.
// https://redis.io/docs/latest/commands/geosearch/

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import type { Reply } from '../reply.ts'
import { distanceWithin, rangesOf } from '../types/geo-area.ts'
import { decodePlace, place } from '../types/geo.ts'
import { packed } from '../types/zset.ts'
import { lonLatArgument, replyCoordinates, replyDistance } from './geo-arguments.ts'
import { clearSearch, memberArgument, parseSearch, radiusArguments, search } from './geo-options.ts'
import type { Form } from './geo-options.ts'
import { openZset, storeResult, wrong } from './zset-key.ts'

/** A member within the area; `at`: its place in the set's memory. */
type Hit = { at: number; score: number; meters: number; longitude: number; latitude: number }

export function geosearch(x: Engine, a: Args, r: Reply): void {
  clearSearch()
  const entry = openZset(x, a, 1, r, false)
  if (entry !== wrong && parseSearch(x, a, r, 2, 'search', entry !== 0)) answer(x, a, r, entry, 'geosearchstore')
}

export function geosearchstore(x: Engine, a: Args, r: Reply): void {
  clearSearch()
  search.target = 1
  const entry = openZset(x, a, 2, r, false)
  if (entry !== wrong && parseSearch(x, a, r, 3, 'searchstore', entry !== 0)) answer(x, a, r, entry, 'geosearchstore')
}

export function georadius(x: Engine, a: Args, r: Reply): void {
  aroundPlace(x, a, r, 'radius')
}

export function georadiusRo(x: Engine, a: Args, r: Reply): void {
  aroundPlace(x, a, r, 'radius-ro')
}

export function georadiusbymember(x: Engine, a: Args, r: Reply): void {
  aroundMember(x, a, r, 'radius')
}

export function georadiusbymemberRo(x: Engine, a: Args, r: Reply): void {
  aroundMember(x, a, r, 'radius-ro')
}

function aroundPlace(x: Engine, a: Args, r: Reply, form: Form): void {
  clearSearch()
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong || !lonLatArgument(a, 2, r, search.shape) || !radiusArguments(a, 4, r)) return
  if (parseSearch(x, a, r, 6, form, entry !== 0)) answer(x, a, r, entry, 'georadiusstore')
}

function aroundMember(x: Engine, a: Args, r: Reply, form: Form): void {
  clearSearch()
  const entry = openZset(x, a, 1, r, false)
  if (entry === wrong) return
  // Without a set the member and the radius are nobody's concern.
  if (entry !== 0 && !(memberArgument(x, a, 2, r) && radiusArguments(a, 3, r))) return
  if (parseSearch(x, a, r, 5, form, entry !== 0)) answer(x, a, r, entry, 'georadiusstore')
}

function answer(x: Engine, a: Args, r: Reply, entry: number, event: string): void {
  const hits = entry === 0 ? [] : find(x)
  const { count, any, target } = search
  // The nearest are meant, unless any will do.
  const order = count > 0 && !any && search.order === 0 ? 1 : search.order
  if (order !== 0) hits.sort((one, other) => order * (one.meters - other.meters))
  if (count > 0 && hits.length > count) hits.length = count
  if (target > 0) store(x, a, r, hits, event)
  else reply(x, r, hits)
}

/** The members of the open set within the area. */
function find(x: Engine): Hit[] {
  const { zset } = x
  const { shape } = search
  const most = search.any ? search.count : Infinity
  const hits: Hit[] = []
  for (const { from, to } of rangesOf(shape)) {
    for (let more = zset.seekScore(from, false); more && zset.score < to; more = zset.next()) {
      const { score } = zset
      decodePlace(score)
      const { longitude, latitude } = place
      const meters = distanceWithin(shape, longitude, latitude)
      if (meters < 0) continue
      hits.push({ at: zset.place, score, meters, longitude, latitude })
      if (hits.length === most) return hits
    }
  }
  return hits
}

function reply(x: Engine, r: Reply, hits: readonly Hit[]): void {
  const { zset } = x
  const { withDistance, withHash, withCoordinates } = search
  const parts = 1 + Number(withDistance) + Number(withHash) + Number(withCoordinates)
  r.array(hits.length)
  for (const hit of hits) {
    if (parts > 1) r.array(parts)
    zset.turnTo(hit.at)
    zset.read()
    r.bulk(zset.buf, zset.from, zset.to)
    if (withDistance) replyDistance(r, hit.meters / search.unitMeters)
    if (withHash) r.int(Math.trunc(hit.score))
    if (withCoordinates) replyCoordinates(r, hit.longitude, hit.latitude)
  }
}

function store(x: Engine, a: Args, r: Reply, hits: readonly Hit[], event: string): void {
  const { zset, zsetResult, settings } = x
  zsetResult.create(packed)
  for (const hit of hits) {
    zset.turnTo(hit.at)
    zset.read()
    const { buf, from, to } = zset
    const score = search.storesDistances ? hit.meters / search.unitMeters : hit.score
    zsetResult.find(buf, from, to)
    zsetResult.insert(score, buf, from, to, settings.zsetPackEntriesMax, settings.zsetPackValueBytesMax)
  }
  storeResult(x, a, search.target, r, event)
}
