// Geo commands through the engine: what a search finds, how places are printed, and fold(log) = views.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { seededRandom } from '../../../core/random.ts'
import { distance } from '../../../core/types/geo.ts'
import { array, bulk, driver, fold, int, nil } from './driver.ts'
import type { Driver } from './driver.ts'

/** Reply of flat bulk strings, as texts. */
const texts = (reply: string): string[] => reply.split('\r\n').filter((_, i, all) => i > 0 && i % 2 === 0 && i < all.length)

/** Fills `g` with members `0`, `1`, … at random around a middle; returns where Redis says they are. */
function fill(d: Driver, count: number, seed: number): { longitude: number; latitude: number }[] {
  const random = seededRandom(seed)
  for (let i = 0; i < count; i++) {
    const [x, y] = [random.u32() / 2 ** 32, random.u32() / 2 ** 32]
    d.run('GEOADD', 'g', String(10 + x * 8), String(45 + y * 8), String(i))
  }
  return Array.from({ length: count }, (_, i) => {
    const [longitude, latitude] = d.run('GEOPOS', 'g', i).split('\r\n').filter((line) => /^-?\d+\.?\d*$/.test(line)).map(Number)
    return { longitude: longitude!, latitude: latitude! }
  })
}

for (const count of [90, 400]) {
  test(`a search among ${count} members finds what a look at each of them finds`, (t) => {
    const d = driver()
    const places = fill(d, count, count)
    fc.assert(fc.property(
      fc.double({ min: 9, max: 19, noNaN: true }), fc.double({ min: 44, max: 54, noNaN: true }), fc.integer({ min: 1, max: 900 }),
      (longitude, latitude, km) => {
        const meters = places.map((one) => distance(longitude, latitude, one.longitude, one.latitude))
        const within = meters.map((_, i) => i).filter((i) => meters[i]! <= km * 1000)
        const from = ['FROMLONLAT', String(longitude), String(latitude), 'BYRADIUS', km, 'km'] as const
        const found = texts(d.run('GEOSEARCH', 'g', ...from))
        t.deepEqual(found.map(Number).toSorted((a, b) => a - b), within)
        const nearest = within.toSorted((a, b) => meters[a]! - meters[b]!)
        t.deepEqual(texts(d.run('GEOSEARCH', 'g', ...from, 'ASC')).map(Number), nearest)
        t.deepEqual(texts(d.run('GEOSEARCH', 'g', ...from, 'DESC')).map(Number), nearest.toReversed())
        t.deepEqual(texts(d.run('GEOSEARCH', 'g', ...from, 'COUNT', 3)).map(Number), nearest.slice(0, 3))
        t.is(texts(d.run('GEOSEARCH', 'g', ...from, 'COUNT', 3, 'ANY')).length, Math.min(3, within.length))
        t.is(d.run('GEOSEARCHSTORE', 'd', 'g', ...from), int(within.length))
        t.is(d.run('ZCARD', 'd'), int(within.length))
      },
    ), { numRuns: 60 })
  })
}

test('replies as the documentation shows them', (t) => {
  const d = driver()
  t.is(d.run('GEOADD', 'Sicily', '13.361389', '38.115556', 'Palermo', '15.087269', '37.502669', 'Catania'), int(2))
  t.is(d.run('GEODIST', 'Sicily', 'Palermo', 'Catania'), bulk('166274.1516'))
  t.is(d.run('GEODIST', 'Sicily', 'Palermo', 'Catania', 'km'), bulk('166.2742'))
  t.is(d.run('GEODIST', 'Sicily', 'Palermo', 'Foo'), nil)
  t.is(d.run('GEOHASH', 'Sicily', 'Palermo', 'Catania'), array(bulk('sqc8b49rny0'), bulk('sqdtr74hyu0')))
  const palermo = array(bulk('13.36138933897018433'), bulk('38.11555639549629859'))
  t.is(d.run('GEOPOS', 'Sicily', 'Palermo', 'Nowhere'), array(palermo, '*-1\r\n'))
  const search = ['GEOSEARCH', 'Sicily', 'FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km', 'ASC'] as const
  t.is(d.run(...search), array(bulk('Catania'), bulk('Palermo')))
  t.is(d.run(...search, 'WITHDIST', 'WITHHASH', 'COUNT', 1), array(array(bulk('Catania'), bulk('56.4413'), int(3479447370796909))))
  d.session.resp = 3
  t.is(d.run('GEOPOS', 'Sicily', 'Palermo'), array(array(',13.36138933897018433\r\n', ',38.11555639549629859\r\n')))
})

const key = fc.constantFrom('a', 'b')
const name = fc.integer({ min: 0, max: 12 }).map(String)
const degree = fc.integer({ min: -90, max: 90 }).map((n) => String(n / 1.3))
const command = fc.oneof(
  fc.tuple(fc.constant('GEOADD'), key, degree, degree, name, degree, degree, name),
  fc.tuple(key, fc.constantFrom('NX', 'XX', 'CH'), degree, degree, name).map(([k, flag, ...rest]) => ['GEOADD', k, flag, ...rest]),
  fc.tuple(key, key, name, fc.constantFrom([], ['STOREDIST'], ['COUNT', '2']))
    .map(([to, from, by, more]) => ['GEOSEARCHSTORE', to, from, 'FROMMEMBER', by, 'BYBOX', '9000', '7000', 'km', ...more]),
  fc.tuple(key, key, degree, degree, fc.constantFrom('STORE', 'STOREDIST'))
    .map(([to, from, x, y, how]) => ['GEORADIUS', from, x, y, '5000', 'mi', how, to]),
  fc.tuple(fc.constant('GEORADIUSBYMEMBER'), key, name, fc.constant('900'), fc.constant('km')),
  fc.tuple(fc.constant('ZREM'), key, name),
)

test('the log folds to the state, and a search that fails changes nothing', (t) => {
  fc.assert(fc.property(fc.array(command, { maxLength: 60 }), fc.constantFrom(0, 5, 128), (commands, entries) => {
    const d = driver()
    d.engine.settings.zsetPackEntriesMax = entries
    for (const words of commands) {
      const logged = d.effects.length
      const before = stateDigest(d.engine)
      if (d.run(...words).startsWith('-') || d.effects.length === logged) t.is(stateDigest(d.engine), before)
    }
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
    d.engine.dbs[0]!.check()
  }), { numRuns: 100 })
})
