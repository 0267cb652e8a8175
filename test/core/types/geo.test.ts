// Places as scores: cells, distances, and that a search in nine cells finds what a look at every member finds.
import fc from 'fast-check'
import test from 'ava'
import { distanceWithin, rangesOf } from '../../../core/types/geo-area.ts'
import type { Shape } from '../../../core/types/geo-area.ts'
import { decodePlace, distance, encodePlace, geohashText, interleave, latitudeMax, place } from '../../../core/types/geo.ts'

/** Degrees of half a cell. */
const longitudeError = 180 / 2 ** 26
const latitudeError = latitudeMax / 2 ** 26

test('bits of two numbers in turn', (t) => {
  fc.assert(fc.property(fc.nat(2 ** 26 - 1), fc.nat(2 ** 26 - 1), (latitude, longitude) => {
    let bits = 0n
    for (let i = 0n; i < 26n; i++) {
      bits |= ((BigInt(latitude) >> i) & 1n) << (i * 2n)
      bits |= ((BigInt(longitude) >> i) & 1n) << (i * 2n + 1n)
    }
    t.is(interleave(latitude, longitude), Number(bits))
  }))
})

test('a place comes back from its score to within half a cell', (t) => {
  // The last doubles below the ends fall into a cell beyond the last, as in Redis.
  const longitude = fc.double({ min: -180, max: 179.999999, noNaN: true })
  const latitude = fc.double({ min: -latitudeMax, max: latitudeMax - 1e-6, noNaN: true })
  fc.assert(fc.property(longitude, latitude, (x, y) => {
    decodePlace(encodePlace(x, y))
    t.true(Math.abs(place.longitude - x) <= longitudeError * 1.001)
    t.true(Math.abs(place.latitude - y) <= latitudeError * 1.001)
  }))
})

test('known places: scores, distances and texts', (t) => {
  // As the documentation of GEOADD, GEODIST and GEOHASH shows them.
  t.is(encodePlace(13.361389, 38.115556), 3479099956230698)
  t.is(encodePlace(15.087269, 37.502669), 3479447370796909)
  decodePlace(3479099956230698)
  const { longitude, latitude } = place
  t.is(geohashText(longitude, latitude), 'sqc8b49rny0')
  decodePlace(3479447370796909)
  t.is(distance(longitude, latitude, place.longitude, place.latitude).toFixed(4), '166274.1516')
  t.is(distance(10, 20, 10, 21).toFixed(6), ((Math.PI / 180) * 6372797.560856).toFixed(6))
})

/** Not as near to 180 as makes no difference: Redis looks for that in a cell of its own, with other neighbours in the east. */
const shape = fc.record({
  longitude: fc.double({ min: -180, max: 179.999999, noNaN: true }),
  latitude: fc.double({ min: -70, max: 70, noNaN: true }),
  isBox: fc.boolean(),
  radius: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 900_000, noNaN: true }), fc.double({ min: 0, max: 3000, noNaN: true })),
  width: fc.double({ min: 0, max: 900_000, noNaN: true }),
  height: fc.double({ min: 0, max: 900_000, noNaN: true }),
})
/** Offsets from the middle, in shares of twice its reach. */
const share = fc.double({ min: -1, max: 1, noNaN: true })
const offsets = fc.array(fc.tuple(share, share), { maxLength: 60 })

/** Longitudes go round. */
const wrap = (longitude: number): number => longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude

test('the cells of a search hold all that is within the area', (t) => {
  fc.assert(fc.property(shape, offsets, (drawn: Shape, where) => {
    const ranges = rangesOf(drawn)
    t.true(ranges.length >= 1 && ranges.length <= 9)
    const reach = drawn.isBox ? Math.max(drawn.width, drawn.height) / 2 : drawn.radius
    const degrees = (reach / 6372797.560856) * (180 / Math.PI) * 1.3
    for (const [east, north] of where) {
      const x = wrap(drawn.longitude + (east * degrees) / Math.cos((drawn.latitude * Math.PI) / 180))
      const score = encodePlace(x, drawn.latitude + north * degrees)
      decodePlace(score)
      if (distanceWithin(drawn, place.longitude, place.latitude) < 0) continue
      const isCovered = ranges.some(({ from, to }) => score >= from && score < to)
      t.true(isCovered, `${place.longitude} ${place.latitude}`)
    }
  }), { numRuns: 2000 })
})
