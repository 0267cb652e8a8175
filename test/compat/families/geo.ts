// The geo commands as 7.0 has them. Places are few, with neighbours, poles and the line where east meets west; but no two
// are quite the same, as members that are equally far come in whichever order a sort leaves them in.
import {
  anyOf, anyOrder, command, either, maybe, rarely, seq, times, word, type CommandShape, type Shape,
} from '../grammar.ts'
import { float, int, stringKey } from '../pool.ts'

const key: Shape = (r) => r.chance(0.03) ? stringKey(r) : [r.pick(['g1', 'g1', 'g2'])]
const places = [
  ['13.361389', '38.115556'], ['15.087269', '37.502669'], ['13.4', '38.1'], ['2.3522', '48.8566'], ['-0.1276', '51.5072'],
  ['-74.006', '40.7128'], ['151.2093', '-33.8688'], ['179.9', '-16.5'], ['-179.9', '-16.6'], ['0', '0'], ['0.001', '-0.001'],
  ['179.1', '85'], ['-179.1', '-85'], ['24.9', '84.2'], ['-70.9', '-77.5'], ['25.7482', '66.5039'],
] as const
const lonLat: Shape = (r) => {
  if (r.chance(1 / 40)) return r.pick([['200', '1'], ['1', '85.06'], ['x', '1'], ['1', 'nan'], ['inf', '0'], ['-180.01', '5']])
  if (r.chance(1 / 20)) return ['180', '85.05112878']
  const [longitude, latitude] = r.pick(places)
  r.tick()
  const near = (text: string): string => String(Number((Number(text) * (1 - r.below(1000) / 20000) + r.ticks() / 1e5).toFixed(6)))
  return [near(longitude), near(latitude)]
}
/** What is at the corner is at most one. */
const located: Shape = (r) => {
  const at = lonLat(r)
  return [...at, at[0] === '180' ? 'corner' : name(r)[0]!]
}
const name: Shape = (r) => [r.pick(['a', 'b', 'c', 'd', 'e', 'f', '1', 'Palermo', '', 'x'.repeat(20)]) + r.pick(['', '', '1', '2'])]
const unit: Shape = rarely(anyOf('KM', 'xx', ''), anyOf('m', 'km', 'km', 'ft', 'mi'))
const length: Shape = (r) => r.chance(1 / 20) ? float(r) : [r.pick(['0', '1', '100', '250.5', '1000', '5000', '20000', '300000'])]
const radius: Shape = seq(length, unit)
const sorted: Shape = anyOf('ASC', 'DESC', 'asc')
const counted: Shape = seq(word('COUNT'), rarely(int, anyOf('1', '2', '5')))
const shown: Shape = anyOrder(
  maybe(0.4, anyOf('WITHDIST', 'withdist')), maybe(0.3, word('WITHHASH')), maybe(0.3, word('WITHCOORD')),
)
/** One order for whatever is found: where two are equally far, a sort may leave either first. */
const options: Shape = seq(maybe(0.4, sorted), maybe(0.3, counted), maybe(0.03, word('ANY')))
const area: Shape = either(
  seq(word('BYRADIUS'), radius), seq(word('BYRADIUS'), radius), seq(anyOf('BYBOX', 'bybox'), length, length, unit),
)
const middle: Shape = either(seq(word('FROMLONLAT'), lonLat), seq(anyOf('FROMMEMBER', 'frommember'), name))

/** Distances are no places: nothing searches among them. */
const stored: Shape = either(seq(anyOf('STORE', 'store'), anyOf('g3', 'g2')), word('STOREDIST', 'g3'))

export const geoCommands: readonly CommandShape[] = [
  command('GEOADD', 20, seq(key, anyOrder(
    maybe(0.1, word('NX')), maybe(0.1, word('XX')), maybe(0.2, anyOf('CH', 'ch')),
  ), times(1, 4, located))),
  command('GEODIST', 6, seq(key, name, name, maybe(0.5, unit))),
  command('GEOHASH', 4, seq(key, times(1, 3, name))),
  command('GEOPOS', 5, seq(key, times(1, 3, name))),
  command('GEOSEARCH', 16, seq(key, middle, area, options, shown)),
  command('GEOSEARCHSTORE', 4, seq(anyOf('g3', 'g2'), key, middle, area, options)),
  command('GEOSEARCHSTORE', 2, seq(word('g3'), key, middle, area, options, word('STOREDIST'))),
  command('GEORADIUS', 5, seq(key, lonLat, radius, options, shown)),
  command('GEORADIUS', 2, seq(key, lonLat, radius, options, stored)),
  command('GEORADIUS_RO', 3, seq(key, lonLat, radius, options, shown)),
  command('GEORADIUSBYMEMBER', 4, seq(key, name, radius, options, shown)),
  command('GEORADIUSBYMEMBER', 2, seq(key, name, radius, stored)),
  command('GEORADIUSBYMEMBER_RO', 3, seq(key, name, radius, options, shown)),
  command('ZREM', 2, seq(key, times(1, 3, name))),
  command('ZRANGE', 2, seq(key, word('0', '-1', 'WITHSCORES'))),
]
