// The hash commands that 7.0 has. HRANDFIELD's picks are masked; HSCAN asks for more than there is, as SCAN does.
import { anyOf, anyOrder, command, either, maybe, rarely, seq, times, word, type CommandShape, type Shape } from '../grammar.ts'
import { doomedHashKey, float, hashField, hashKey, hashPattern, int, numericValue, value } from '../pool.ts'

const pairs = (max: number): Shape => times(1, max, seq(hashField, either(value, value, numericValue)))
const cursor: Shape = anyOf('0', '0', '0', 'x', '')

export const hashCommands: readonly CommandShape[] = [
  command('HSET', 14, seq(hashKey, pairs(4))),
  command('HMSET', 2, seq(hashKey, pairs(3))),
  command('HSETNX', 3, seq(hashKey, hashField, value)),
  command('HGET', 6, seq(hashKey, hashField)),
  command('HMGET', 5, seq(hashKey, times(1, 5, hashField))),
  command('HGETALL', 5, hashKey),
  command('HKEYS', 3, hashKey),
  command('HVALS', 3, hashKey),
  command('HLEN', 3, hashKey),
  command('HSTRLEN', 3, seq(hashKey, hashField)),
  command('HEXISTS', 3, seq(hashKey, hashField)),
  command('HDEL', 5, seq(rarely(doomedHashKey, hashKey), times(1, 4, hashField))),
  command('HINCRBY', 6, seq(hashKey, hashField, int)),
  command('HINCRBYFLOAT', 6, seq(hashKey, hashField, float)),
  command('HRANDFIELD', 3, seq(hashKey, maybe(0.8, seq(
    anyOf('0', '1', '3', '-4', '100', 'x', '9223372036854775807', '-9223372036854775808', '4611686018427387904'),
    maybe(0.4, anyOf('WITHVALUES', 'withvalues', 'nope')),
  ))), 'fragile'),
  command('HSCAN', 4, seq(hashKey, cursor, word('COUNT', '10000'), anyOrder(
    maybe(0.4, seq(anyOf('MATCH', 'match'), hashPattern)),
    maybe(0.05, seq(word('COUNT'), anyOf('0', '-1', 'x', '10000'))),
    maybe(0.05, anyOf('TYPE', 'nope')),
  )), 'fragile'),
]
