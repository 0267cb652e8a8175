// Where to look for the places within a circle or a box: the cell of the grid that holds its middle, and those of its
// eight neighbours that it reaches into, of a size that these nine are enough. Each is a range of scores.
//
// Redis goes through the cells in the same order, so that what is found unsorted comes in the same order, too.

import { cellOf, degreesOfArc, distance, interleave, latitudeDistance, latitudeMax, longitudeMax, radians, stepMax }
  from './geo.ts'

/** Half the equator in the projection: cells of step 1 are that large. */
const mercatorMeters = 20037726.37
const nearlyOne = 1 + 1e-9

/** A circle has a radius, a box a width and a height, all in meters. */
export type Shape = {
  longitude: number
  latitude: number
  isBox: boolean
  radius: number
  width: number
  height: number
}

/** Ranges of scores: from, and up to but without. */
export type Range = { from: number; to: number }

/** Meters from the middle of the shape to a place, -1 when that is outside. */
export function distanceWithin(shape: Shape, longitude: number, latitude: number): number {
  if (shape.isBox) {
    if (latitudeDistance(latitude, shape.latitude) > shape.height / 2) return -1
    if (distance(longitude, latitude, shape.longitude, latitude) > shape.width / 2) return -1
    return distance(shape.longitude, shape.latitude, longitude, latitude)
  }
  // Most of what is outside is so by its latitude alone; a little margin leaves the close ones to the formula.
  if (latitudeDistance(latitude, shape.latitude) > shape.radius * nearlyOne) return -1
  const meters = distance(shape.longitude, shape.latitude, longitude, latitude)
  return meters > shape.radius ? -1 : meters
}

type Bounds = { west: number; south: number; east: number; north: number }

/** The degrees that the shape reaches to: meridians are nearest to each other at its end that is nearest to a pole. */
function boundsOf(shape: Shape): Bounds {
  const { longitude, latitude } = shape
  const rise = degreesOfArc(shape.isBox ? shape.height / 2 : shape.radius)
  const narrowest = latitude < 0 ? latitude - rise : latitude + rise
  const reach = degreesOfArc((shape.isBox ? shape.width / 2 : shape.radius) / Math.cos(radians(narrowest)))
  return { west: longitude - reach, south: latitude - rise, east: longitude + reach, north: latitude + rise }
}

/** A step at which a cell and its neighbours cover the radius, as a rule. */
function stepFor(meters: number, latitude: number): number {
  if (meters === 0) return stepMax
  let step = 1
  for (let size = meters; size < mercatorMeters; size *= 2) step++
  step -= 2
  // Cells are narrower near the poles.
  if (Math.abs(latitude) > 66) step--
  if (Math.abs(latitude) > 80) step--
  return Math.min(stepMax, Math.max(1, step))
}

/** North of its southern edge and so on, in degrees, of a cell. */
function edge(cell: number, max: number, step: number): number {
  return -max + (cell / 2 ** step) * max * 2
}

/** The ranges of scores to look through, in their order. */
export function rangesOf(shape: Shape): Range[] {
  const bounds = boundsOf(shape)
  const { longitude, latitude } = shape
  const meters = shape.isBox ? Math.hypot(shape.width / 2, shape.height / 2) : shape.radius
  let step = stepFor(meters, latitude)
  if (step > 1 && !isCovered(bounds, longitude, latitude, step)) step--
  const count = 2 ** step
  const x = cellOf(longitude, longitudeMax, step)
  const y = cellOf(latitude, latitudeMax, step)
  // In larger steps a cell that the shape doesn't leave on a side has no use for the neighbours there.
  const trims = step >= 2
  const south = !trims || edge(y, latitudeMax, step) >= bounds.south
  const north = !trims || edge(y + 1, latitudeMax, step) <= bounds.north
  const west = !trims || edge(x, longitudeMax, step) >= bounds.west
  const east = !trims || edge(x + 1, longitudeMax, step) <= bounds.east
  const ranges: Range[] = []
  const add = (right: number, up: number, wanted: boolean): void => {
    if (wanted) pushRange(ranges, moved(x, right, count), moved(y, up, count), step)
  }
  add(0, 0, true)
  add(0, 1, north)
  add(0, -1, south)
  add(1, 0, east)
  add(-1, 0, west)
  add(1, 1, north && east)
  add(-1, 1, north && west)
  add(1, -1, south && east)
  add(-1, -1, south && west)
  return ranges
}

/** The cell beside, where the last one's neighbour is the first. */
function moved(cell: number, by: number, count: number): number {
  return by === 0 ? cell : (cell + by + count) % count
}

/** True when the cells around the one of the place reach as far as the bounds. */
function isCovered(bounds: Bounds, longitude: number, latitude: number, step: number): boolean {
  const count = 2 ** step
  const x = cellOf(longitude, longitudeMax, step)
  const y = cellOf(latitude, latitudeMax, step)
  return edge(moved(y, 1, count) + 1, latitudeMax, step) >= bounds.north
    && edge(moved(y, -1, count), latitudeMax, step) <= bounds.south
    && edge(moved(x, 1, count) + 1, longitudeMax, step) >= bounds.east
    && edge(moved(x, -1, count), longitudeMax, step) <= bounds.west
}

/** Adds a cell, unless it is the one before: with few cells neighbours are the same. */
function pushRange(ranges: Range[], x: number, y: number, step: number): void {
  const scale = 2 ** (stepMax - step)
  const from = interleave(y * scale, x * scale)
  if (ranges.length > 0 && ranges.at(-1)!.from === from) return
  ranges.push({ from, to: from + scale * scale })
}
