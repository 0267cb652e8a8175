// Places on the globe as the scores of a sorted set: longitude and latitude in 26 bits each, interleaved to a number of
// 52 bits, which a double holds exactly. Near places share the high bits, so a cell of the grid is a range of scores.
// https://redis.io/docs/latest/commands/geoadd/ ; the grid: https://en.wikipedia.org/wiki/Geohash
//
//   score    ┌ lon bit 25 │ lat bit 25 │ lon bit 24 │ lat bit 24 │ … │ lon bit 0 │ lat bit 0 ┐

export const longitudeMax = 180
/** Where the Mercator projection that Redis divides into cells ends (EPSG:3857). */
export const latitudeMax = 85.05112878
export const stepMax = 26

const earthRadiusMeters = 6372797.560856
const radiansPerDegree = Math.PI / 180
const cells = 2 ** stepMax
const latitudeSpan = latitudeMax * 2
const longitudeSpan = longitudeMax * 2
const halfBits = 13
const halfMask = (1 << halfBits) - 1
const word = 0x100000000
const alphabet = '0123456789bcdefghjkmnpqrstuvwxyz'
/** Of the text's eleven letters the last has no bits any more. */
const textLetters = 10

/** The sixteen bits of x at the even places of 32. */
function spread(x: number): number {
  let bits = x & 0xffff
  bits = (bits | (bits << 8)) & 0x00ff00ff
  bits = (bits | (bits << 4)) & 0x0f0f0f0f
  bits = (bits | (bits << 2)) & 0x33333333
  return (bits | (bits << 1)) & 0x55555555
}

/** The bits of x at even places, together. */
function gather(x: number): number {
  let bits = x & 0x55555555
  bits = (bits | (bits >>> 1)) & 0x33333333
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f
  bits = (bits | (bits >>> 4)) & 0x00ff00ff
  return (bits | (bits >>> 8)) & 0xffff
}

/** Two numbers of 26 bits (or 2^26 itself, see `cellOf`), their bits in turn. */
export function interleave(latitude: number, longitude: number): number {
  const high = spread(latitude >>> halfBits) | (spread(longitude >>> halfBits) << 1)
  const low = spread(latitude & halfMask) | (spread(longitude & halfMask) << 1)
  return high * 2 ** (halfBits * 2) + low
}

/** Which of 2^step cells between −max and max a coordinate falls in; max itself is in one more, as in Redis. */
export function cellOf(coordinate: number, max: number, step: number): number {
  return Math.floor(((coordinate + max) / (max * 2)) * 2 ** step)
}

export function encodePlace(longitude: number, latitude: number): number {
  return interleave(cellOf(latitude, latitudeMax, stepMax), cellOf(longitude, longitudeMax, stepMax))
}

/** What `decodePlace` found: the middle of the score's cell, in degrees. */
export const place = { longitude: 0, latitude: 0 }

export function decodePlace(score: number): void {
  // Any number may be a score; its whole part counts, as far as 64 bits go.
  const whole = Math.trunc(score)
  const high = Math.floor(whole / word) >>> 0
  const low = whole >>> 0
  const latitude = gather(high) * 0x10000 + gather(low)
  const longitude = gather(high >>> 1) * 0x10000 + gather(low >>> 1)
  place.longitude = middle(longitude, longitudeMax, longitudeSpan)
  place.latitude = middle(latitude, latitudeMax, latitudeSpan)
}

function middle(cell: number, max: number, span: number): number {
  const from = -max + (cell / cells) * span
  const to = -max + ((cell + 1) / cells) * span
  const value = (from + to) / 2
  return value > max ? max : value < -max ? -max : value
}

export function radians(degrees: number): number {
  return degrees * radiansPerDegree
}

/** The angle in degrees over an arc of the globe. */
export function degreesOfArc(meters: number): number {
  return meters / earthRadiusMeters / radiansPerDegree
}

/** Meters along a meridian. */
export function latitudeDistance(latitude: number, other: number): number {
  return earthRadiusMeters * Math.abs(radians(other) - radians(latitude))
}

/** Meters between two places (degrees) on a sphere, by the haversine formula. */
export function distance(longitude: number, latitude: number, otherLongitude: number, otherLatitude: number): number {
  const v = Math.sin((radians(otherLongitude) - radians(longitude)) / 2)
  // On one meridian it is the arc itself.
  if (v === 0) return latitudeDistance(latitude, otherLatitude)
  const from = radians(latitude)
  const to = radians(otherLatitude)
  const u = Math.sin((to - from) / 2)
  return 2 * earthRadiusMeters * Math.asin(Math.sqrt(u * u + Math.cos(from) * Math.cos(to) * v * v))
}

/** The usual geohash text of eleven letters, whose latitudes reach to the poles. */
export function geohashText(longitude: number, latitude: number): string {
  const bits = interleave(cellOf(latitude, 90, stepMax), cellOf(longitude, longitudeMax, stepMax))
  let text = ''
  for (let i = 1; i <= textLetters; i++) text += alphabet[Math.floor(bits / 2 ** (stepMax * 2 - i * 5)) % 32]!
  return `${text}0`
}
