// The sorted set commands as 7.0 has them. ZRANDMEMBER asks for nothing that chance decides, or is compared by its kind.
// Ranges by member go to keys whose members all have one score: elsewhere they have no meaning in a skiplist.
import {
  anyOf, anyOrder, command, either, maybe, rarely, seq, times, word, type CommandShape, type Shape,
} from '../grammar.ts'
import { float, int, lexKey, lexBound, positive, score, scoreBound, zmember, zsetKey } from '../pool.ts'

const limit: Shape = seq(anyOf('LIMIT', 'limit'), int, int)
const withScores: Shape = anyOf('WITHSCORES', 'withscores')
const pairs: Shape = times(1, 4, seq(score, zmember))
const rank: Shape = (r) => r.chance(0.05) ? int(r) : [String(r.below(9) - 4)]

const counted = (max: number, key: Shape): Shape => (r) => {
  const keys = times(1, max, key)(r)
  return [r.chance(0.05) ? int(r)[0]! : String(keys.length), ...keys]
}
/** A sorted set, now and then a set. */
const source: Shape = (r) => r.chance(0.15) ? ['zs1'] : zsetKey(r)

/** Keys with as many weights, and now and then one too few. */
const weighted = (max: number): Shape => (r) => {
  const keys = times(1, max, source)(r)
  const weights = keys.map(() => r.pick(['1', '2', '0', '-1', '0.5', 'inf', r.chance(0.1) ? float(r)[0]! : '3']))
  return [String(keys.length), ...keys, ...(r.chance(0.5) ? ['WEIGHTS', ...(r.chance(0.05) ? weights.slice(1) : weights)] : [])]
}
const aggregate: Shape = seq(anyOf('AGGREGATE', 'aggregate'), anyOf('SUM', 'MIN', 'MAX', 'min', 'max', 'sum', 'avg'))

export const zsetCommands: readonly CommandShape[] = [
  command('ZADD', 22, seq(zsetKey, maybe(0.4, anyOrder(
    maybe(0.25, anyOf('NX', 'nx')), maybe(0.25, word('XX')), maybe(0.25, word('GT')), maybe(0.25, word('LT')),
    maybe(0.4, word('CH')), maybe(0.15, word('INCR')),
  )), pairs)),
  command('ZADD', 4, seq(zsetKey, anyOf('INCR', 'XX'), score, zmember)),
  command('ZADD', 6, seq(lexKey, times(1, 4, seq(word('0'), zmember))), 'fragile'),
  command('ZINCRBY', 6, seq(zsetKey, score, zmember)),
  command('ZREM', 4, seq(zsetKey, times(1, 3, zmember))),
  command('ZCARD', 3, zsetKey),
  command('ZSCORE', 5, seq(zsetKey, zmember)),
  command('ZMSCORE', 3, seq(zsetKey, times(1, 4, zmember))),
  command('ZRANK', 4, seq(zsetKey, zmember)),
  command('ZREVRANK', 4, seq(zsetKey, zmember)),
  command('ZCOUNT', 4, seq(zsetKey, scoreBound, scoreBound)),
  command('ZLEXCOUNT', 3, seq(lexKey, lexBound, lexBound)),
  command('ZRANGE', 8, seq(zsetKey, either(
    seq(rank, rank, maybe(0.5, withScores), maybe(0.3, word('REV')), maybe(0.05, limit)),
    seq(scoreBound, scoreBound, anyOrder(
      word('BYSCORE'), maybe(0.4, word('REV')), maybe(0.4, limit), maybe(0.4, withScores),
    )),
  ))),
  command('ZRANGE', 3, seq(lexKey, lexBound, lexBound, anyOrder(
    anyOf('BYLEX', 'bylex'), maybe(0.4, word('REV')), maybe(0.4, limit), maybe(0.05, withScores),
  ))),
  command('ZREVRANGE', 3, seq(zsetKey, rank, rank, maybe(0.5, withScores))),
  command('ZRANGEBYSCORE', 5, seq(zsetKey, scoreBound, scoreBound, anyOrder(maybe(0.4, withScores), maybe(0.5, limit)))),
  command('ZREVRANGEBYSCORE', 4, seq(
    zsetKey, scoreBound, scoreBound, anyOrder(maybe(0.4, withScores), maybe(0.5, limit)),
  )),
  command('ZRANGEBYLEX', 3, seq(lexKey, lexBound, lexBound, maybe(0.4, limit))),
  command('ZREVRANGEBYLEX', 3, seq(lexKey, lexBound, lexBound, maybe(0.4, limit))),
  command('ZRANGESTORE', 4, seq(zsetKey, zsetKey, either(
    seq(rank, rank, maybe(0.3, word('REV'))),
    seq(scoreBound, scoreBound, word('BYSCORE'), maybe(0.4, word('REV')), maybe(0.4, limit)),
  ))),
  command('ZREMRANGEBYRANK', 2, seq(zsetKey, rank, rank)),
  command('ZREMRANGEBYSCORE', 2, seq(zsetKey, scoreBound, scoreBound)),
  command('ZREMRANGEBYLEX', 1, seq(lexKey, lexBound, lexBound)),
  command('ZPOPMIN', 3, seq(zsetKey, maybe(0.5, positive))),
  command('ZPOPMAX', 3, seq(zsetKey, maybe(0.5, positive))),
  command('BZPOPMIN', 1, seq(times(1, 2, zsetKey), anyOf('0.001', '0.001', '-1', 'x', '1e400')), 'fragile'),
  command('BZPOPMAX', 1, seq(times(1, 2, zsetKey), anyOf('0.001', '0.01', '-1', 'x', 'nan')), 'fragile'),
  command('ZMPOP', 3, seq(counted(3, zsetKey), anyOf('MIN', 'MAX', 'min', 'x'), maybe(0.5, seq(word('COUNT'), positive)))),
  command('BZMPOP', 1, seq(
    anyOf('0.001', '-1', 'x'), counted(3, zsetKey), anyOf('MIN', 'MAX', 'x'), maybe(0.5, seq(word('COUNT'), positive)),
  ), 'fragile'),
  command('ZRANDMEMBER', 3, seq(zsetKey, maybe(0.8, seq(
    anyOf('100', '0', '1000', '-2', '2', '-9223372036854775808', '9223372036854775807', 'x'), maybe(0.5, withScores),
  ))), 'fragile'),
  command('ZSCAN', 3, seq(zsetKey, anyOf('0', '0', '0', 'x'), word('COUNT', '10000'), anyOrder(
    maybe(0.3, seq(word('MATCH'), anyOf('*', 'm*', '[a-c]*', '?', 'x?'))),
    maybe(0.05, seq(word('COUNT'), anyOf('0', '-1', 'x', '10000'))),
  )), 'fragile'),
  command('ZUNION', 3, seq(weighted(3), anyOrder(maybe(0.3, aggregate), maybe(0.6, withScores)))),
  command('ZINTER', 3, seq(weighted(2), anyOrder(maybe(0.3, aggregate), maybe(0.6, withScores)))),
  command('ZDIFF', 3, seq(counted(3, source), maybe(0.6, withScores))),
  command('ZUNIONSTORE', 4, seq(zsetKey, weighted(3), maybe(0.3, aggregate))),
  command('ZINTERSTORE', 3, seq(zsetKey, weighted(2), maybe(0.3, aggregate))),
  command('ZDIFFSTORE', 2, seq(zsetKey, counted(3, source))),
  command('ZINTERCARD', 3, seq(counted(2, source), maybe(0.5, seq(word('LIMIT'), rarely(word('-1'), int))))),
  command('SADD', 2, seq(word('zs1'), times(1, 3, zmember))),
  command('DEBUG', 2, seq(word('DIGEST-VALUE'), zsetKey, zsetKey), 'fragile'),
  command('OBJECT', 4, seq(word('ENCODING'), either(zsetKey, lexKey))),
]
