// The set commands that 7.0 has. SPOP takes all or nothing, or the one member that its set can have, so that both servers
// are left with the same; what SRANDMEMBER picks is masked. SSCAN asks for more than there is, as SCAN does.
import { anyOf, anyOrder, command, either, maybe, rarely, seq, times, word, type CommandShape, type Shape } from '../grammar.ts'
import { int, member, memberPattern, seconds, setKey } from '../pool.ts'

const keys = times(1, 4, setKey)
const cursor: Shape = anyOf('0', '0', '0', 'x', '')
const numbered: Shape = (r) => {
  const list = keys(r)
  return [r.chance(0.95) ? String(list.length) : r.pick(['0', '-1', 'x', '9', '1']), ...list]
}

export const setCommands: readonly CommandShape[] = [
  command('SADD', 24, seq(setKey, times(1, 6, member))),
  command('SREM', 10, seq(setKey, times(1, 4, member))),
  command('SISMEMBER', 4, seq(setKey, member)),
  command('SMISMEMBER', 4, seq(setKey, times(1, 4, member))),
  command('SCARD', 4, setKey),
  command('SMEMBERS', 6, setKey),
  command('SMOVE', 8, seq(setKey, setKey, member)),
  command('SINTER', 6, keys),
  command('SUNION', 5, keys),
  command('SDIFF', 6, keys),
  command('SINTERSTORE', 4, seq(setKey, keys)),
  command('SUNIONSTORE', 4, seq(setKey, keys)),
  command('SDIFFSTORE', 4, seq(setKey, keys)),
  command('SINTERCARD', 5, seq(numbered, maybe(0.4, seq(anyOf('LIMIT', 'limit'), int)))),
  command('SRANDMEMBER', 4, seq(setKey, maybe(0.8, anyOf(
    '0', '1', '2', '-4', '1000', 'x', '9223372036854775808', '-9223372036854775808',
  ))), 'fragile'),
  command('SPOP', 2, seq(setKey, anyOf('0', '1000', '1000', '-1', 'x', '9223372036854775808')), 'fragile'),
  command('SADD', 1, word('lone', 'only'), 'fragile'),
  command('SPOP', 1, word('lone'), 'fragile'),
  command('SSCAN', 4, seq(setKey, cursor, word('COUNT', '10000'), anyOrder(
    maybe(0.4, seq(anyOf('MATCH', 'match'), memberPattern)),
    maybe(0.05, seq(word('COUNT'), anyOf('0', '-1', 'x', '10000'))),
    maybe(0.05, anyOf('TYPE', 'nope')),
  )), 'fragile'),
  command('OBJECT', 6, seq(word('ENCODING'), setKey)),
  command('DEBUG', 3, seq(word('DIGEST-VALUE'), setKey), 'fragile'),
  command('DEL', 2, rarely(times(1, 3, setKey), setKey)),
  command('COPY', 2, seq(setKey, setKey, maybe(0.7, word('REPLACE')))),
  command('RENAME', 2, either(seq(setKey, setKey))),
  command('EXPIRE', 1, seq(setKey, seconds)),
  command('TTL', 2, setKey),
]
