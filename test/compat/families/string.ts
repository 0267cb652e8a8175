// The string commands with every option that 7.0 has.
import {
  anyOf, anyOrder, command, either, maybe, none, seq, times, word, type CommandShape, type Shape,
} from '../grammar.ts'
import {
  float, int, milliseconds, numericValue, offset, seconds, stringKey, unixMilliseconds, unixSeconds,
  value,
} from '../pool.ts'

const lifetime: Shape = either(
  seq(anyOf('EX', 'ex'), seconds), seq(word('PX'), milliseconds), seq(word('EXAT'), unixSeconds),
  seq(word('PXAT'), unixMilliseconds),
)

export const stringCommands: readonly CommandShape[] = [
  command('SET', 12, seq(stringKey, either(value, numericValue), anyOrder(
    maybe(0.15, anyOf('NX', 'nx')), maybe(0.15, word('XX')), maybe(0.25, word('GET')),
    maybe(0.3, lifetime), maybe(0.15, word('KEEPTTL')),
  ))),
  command('GET', 8, stringKey),
  command('GETSET', 2, seq(stringKey, value)),
  command('GETDEL', 2, stringKey),
  command('GETEX', 3, seq(stringKey, maybe(0.7, either(lifetime, word('PERSIST'))))),
  command('SETNX', 2, seq(stringKey, value)),
  command('SETEX', 2, seq(stringKey, seconds, value)),
  command('PSETEX', 2, seq(stringKey, milliseconds, value)),
  command('MGET', 3, times(1, 4, stringKey)),
  command('MSET', 3, times(1, 3, seq(stringKey, value))),
  command('MSETNX', 2, times(1, 3, seq(stringKey, value))),
  command('APPEND', 5, seq(stringKey, value)),
  command('STRLEN', 3, stringKey),
  command('GETRANGE', 4, seq(stringKey, offset, offset)),
  command('SUBSTR', 1, seq(stringKey, offset, offset)),
  command('SETRANGE', 4, seq(stringKey, offset, value)),
  command('INCR', 4, stringKey),
  command('DECR', 3, stringKey),
  command('INCRBY', 4, seq(stringKey, int)),
  command('DECRBY', 3, seq(stringKey, int)),
  command('INCRBYFLOAT', 5, seq(stringKey, float)),
  command('LCS', 4, seq(stringKey, stringKey, anyOrder(
    maybe(0.3, anyOf('LEN', 'len')), maybe(0.5, word('IDX')), maybe(0.3, word('WITHMATCHLEN')),
    maybe(0.3, seq(word('MINMATCHLEN'), int)), none,
  ))),
]
