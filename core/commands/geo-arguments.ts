// Places, distances and units as arguments and as replies.

import type { Args } from '../args.ts'
import { parseDouble } from '../double.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { latitudeMax, longitudeMax } from '../types/geo.ts'
import { formatLongDouble, parseLongDouble } from '../types/long-double.ts'

/** Decimal places of coordinates. */
const coordinateDigits = 17
const tieScale = 2 ** (coordinateDigits + 1)

/** Meters of the unit at argument i; 0 after an error was written. */
export function unitArgument(a: Args, i: number, r: Reply): number {
  if (a.is(i, 'M')) return 1
  if (a.is(i, 'KM')) return 1000
  if (a.is(i, 'FT')) return 0.3048
  if (a.is(i, 'MI')) return 1609.34
  r.error('ERR unsupported unit provided. please use M, KM, FT, MI')
  return 0
}

/** Longitude and latitude at arguments i and i + 1; writes the error and returns false when they are none. */
export function lonLatArgument(a: Args, i: number, r: Reply, into: { longitude: number; latitude: number }): boolean {
  const longitude = parseDouble(a.buf, a.start[i]!, a.end[i]!)
  const latitude = parseDouble(a.buf, a.start[i + 1]!, a.end[i + 1]!)
  if (Number.isNaN(longitude) || Number.isNaN(latitude)) {
    r.error(replies.notFloat)
    return false
  }
  if (Math.abs(longitude) > longitudeMax || Math.abs(latitude) > latitudeMax) {
    r.error(`ERR invalid longitude,latitude pair ${sixPlaces(longitude)},${sixPlaces(latitude)}`)
    return false
  }
  into.longitude = longitude
  into.latitude = latitude
  return true
}

/** As C's `printf("%f")`. */
function sixPlaces(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const text = Math.abs(value) < 1e21 ? Math.abs(value).toFixed(6) : `${BigInt(Math.abs(value))}.000000`
  return value < 0 || Object.is(value, -0) ? `-${text}` : text
}

/** A distance in the unit that was asked for: a bulk string with four decimal places in either protocol. */
export function replyDistance(r: Reply, value: number): void {
  r.text(value < 1e21 ? value.toFixed(4) : `${BigInt(value)}.0000`)
}

export function replyCoordinates(r: Reply, longitude: number, latitude: number): void {
  r.array(2)
  r.double(coordinateText(longitude))
  r.double(coordinateText(latitude))
}

/** All digits of the double up to the seventeenth decimal place, without zeros at the end. */
function coordinateText(value: number): string {
  // Just between two such texts C rounds to the even one.
  if (Number.isInteger(value * tieScale) && !Number.isInteger(value)) {
    return formatLongDouble(parseLongDouble(value.toFixed(coordinateDigits + 1))!)
  }
  const text = value.toFixed(coordinateDigits)
  let end = text.length
  while (text.charCodeAt(end - 1) === 48) end--
  return text.slice(0, text.charCodeAt(end - 1) === 46 ? end - 1 : end)
}
