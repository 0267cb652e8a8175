// The arguments of GEOSEARCH, GEORADIUS and their like, in one shape for all of them.

import type { Args } from '../args.ts'
import { parseDouble } from '../double.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import type { Shape } from '../types/geo-area.ts'
import { decodePlace, place } from '../types/geo.ts'
import { lonLatArgument, unitArgument } from './geo-arguments.ts'

/** The search that is being executed. */
export const search = {
  shape: { longitude: 0, latitude: 0, isBox: false, radius: 0, width: 0, height: 0 } satisfies Shape as Shape,
  /** Meters of the unit that distances are given in. */
  unitMeters: 1,
  withDistance: false,
  withHash: false,
  withCoordinates: false,
  /** 0 is no bound. */
  count: 0,
  /** COUNT takes the first that are found. */
  any: false,
  /** 1 ascending, -1 descending, 0 as found. */
  order: 0,
  /** The argument that names where the result goes, 0 for none; and whether distances become the scores. */
  target: 0,
  storesDistances: false,
}

/** What a form of the command allows. */
export type Form = 'search' | 'searchstore' | 'radius' | 'radius-ro'

export function clearSearch(): void {
  search.shape.isBox = false
  search.unitMeters = 1
  search.withDistance = false
  search.withHash = false
  search.withCoordinates = false
  search.count = 0
  search.any = false
  search.order = 0
  search.target = 0
  search.storesDistances = false
}

/**
 * The options from argument i on; `found`: whether there is a set to search, which `x.zset` is open on. Writes the
 * error and returns false when they are wrong.
 */
export function parseSearch(x: Engine, a: Args, r: Reply, i: number, form: Form, found: boolean): boolean {
  const searches = form === 'search' || form === 'searchstore'
  let from = ''
  let by = ''
  for (; i < a.count; i++) {
    const more = a.count - i - 1
    if (a.is(i, 'WITHDIST')) search.withDistance = true
    else if (a.is(i, 'WITHHASH')) search.withHash = true
    else if (a.is(i, 'WITHCOORD')) search.withCoordinates = true
    else if (a.is(i, 'ANY')) search.any = true
    else if (a.is(i, 'ASC')) search.order = 1
    else if (a.is(i, 'DESC')) search.order = -1
    else if (more >= 1 && a.is(i, 'COUNT')) {
      if (!countArgument(a, ++i, r)) return false
    } else if (form === 'radius' && more >= 1 && (a.is(i, 'STORE') || a.is(i, 'STOREDIST'))) {
      search.storesDistances = a.is(i, 'STOREDIST')
      search.target = ++i
    } else if (searches && more >= 1 && from !== 'lonlat' && a.is(i, 'FROMMEMBER')) {
      from = 'member'
      if (found && !memberArgument(x, a, i + 1, r)) return false
      i++
    } else if (searches && more >= 2 && from !== 'member' && a.is(i, 'FROMLONLAT')) {
      from = 'lonlat'
      if (!lonLatArgument(a, i + 1, r, search.shape)) return false
      i += 2
    } else if (searches && more >= 2 && by !== 'box' && a.is(i, 'BYRADIUS')) {
      by = 'radius'
      if (!radiusArguments(a, i + 1, r)) return false
      i += 2
    } else if (searches && more >= 3 && by !== 'radius' && a.is(i, 'BYBOX')) {
      by = 'box'
      if (!boxArguments(a, i + 1, r)) return false
      i += 3
    } else if (form === 'searchstore' && a.is(i, 'STOREDIST')) search.storesDistances = true
    else {
      r.error(replies.syntax)
      return false
    }
  }
  const problem = problemOf(a, form, from, by)
  if (problem !== '') r.error(problem)
  return problem === ''
}

/** What is wrong with the options as a whole, '' when nothing is. */
function problemOf(a: Args, form: Form, from: string, by: string): string {
  if (search.target > 0 && (search.withDistance || search.withHash || search.withCoordinates)) {
    const name = form === 'searchstore' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS'
    return `ERR ${name} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`
  }
  if (form === 'search' || form === 'searchstore') {
    if (from === '') return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${a.shown(0)}`
    if (by === '') return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${a.shown(0)}`
  }
  return search.any && search.count === 0 ? 'ERR the ANY argument requires COUNT argument' : ''
}

function countArgument(a: Args, i: number, r: Reply): boolean {
  search.count = a.int(i)
  if (search.count > 0) return true
  r.error(Number.isNaN(search.count) ? replies.notInteger : 'ERR COUNT must be > 0')
  return false
}

/** The middle is where the member of the open set is that argument i names. */
export function memberArgument(x: Engine, a: Args, i: number, r: Reply): boolean {
  if (!x.zset.find(a.buf, a.start[i]!, a.end[i]!)) {
    r.error('ERR could not decode requested zset member')
    return false
  }
  decodePlace(x.zset.score)
  search.shape.longitude = place.longitude
  search.shape.latitude = place.latitude
  return true
}

/** A radius and its unit at arguments i and i + 1. */
export function radiusArguments(a: Args, i: number, r: Reply): boolean {
  const radius = parseDouble(a.buf, a.start[i]!, a.end[i]!)
  if (Number.isNaN(radius)) r.error('ERR need numeric radius')
  else if (radius < 0) r.error('ERR radius cannot be negative')
  else {
    search.unitMeters = unitArgument(a, i + 1, r)
    search.shape.isBox = false
    search.shape.radius = radius * search.unitMeters
    return search.unitMeters !== 0
  }
  return false
}

/** Width, height and their unit from argument i on. */
function boxArguments(a: Args, i: number, r: Reply): boolean {
  const width = parseDouble(a.buf, a.start[i]!, a.end[i]!)
  const height = parseDouble(a.buf, a.start[i + 1]!, a.end[i + 1]!)
  if (Number.isNaN(width)) r.error('ERR need numeric width')
  else if (Number.isNaN(height)) r.error('ERR need numeric height')
  else if (width < 0 || height < 0) r.error('ERR height or width cannot be negative')
  else {
    search.unitMeters = unitArgument(a, i + 2, r)
    search.shape.isBox = true
    search.shape.width = width * search.unitMeters
    search.shape.height = height * search.unitMeters
    return search.unitMeters !== 0
  }
  return false
}
