// SORT and SORT_RO over lists of numbers of their own, and over the lists, sets and sorted sets of the other families.
// Where several elements are equal to it, or the order is a set's own, the rules compare less strictly, and nothing is stored.
import { anyOf, anyOrder, command, either, maybe, rarely, seq, times, word, type CommandShape, type Shape } from '../grammar.ts'
import { int, listKey, numericValue, setKey } from '../pool.ts'

const numbersKey: Shape = anyOf('q1', 'q1', 'q2')
/** A sorted set of its own: redis-server 7.0 fails where a score is so small that C calls it out of range. */
const scoredKey = word('q3')
const source: Shape = either(numbersKey, numbersKey, setKey, scoredKey, listKey)
const named = anyOf('s*', 'n*', 'h*->f', 'h*->n', 'k*', '*', 's*->f')
const gets: Shape = times(0, 3, seq(anyOf('GET', 'get'), either(named, anyOf('#', '#', 'nope', 'h*->', '->*'))))
const limit: Shape = maybe(0.3, seq(anyOf('LIMIT', 'limit'), int, int))
const direction: Shape = maybe(0.4, anyOf('DESC', 'ASC', 'desc'))
const alpha: Shape = maybe(0.4, anyOf('ALPHA', 'alpha'))
const store: Shape = maybe(0.3, seq(word('STORE'), rarely(setKey, either(numbersKey, listKey))))
const name: Shape = maybe(0.03, anyOf('NOPE', 'STORE', 'LIMIT', 'BY'))

export const sortCommands: readonly CommandShape[] = [
  command('SORT', 10, seq(source, anyOrder(gets, limit, direction, alpha, store), name)),
  command('SORT', 8, seq(source, anyOrder(gets, limit, direction, store, seq(word('BY'), named)))),
  command('SORT', 4, seq(source, anyOrder(gets, limit, direction, alpha, seq(word('BY'), either(named, word('nosort')))))),
  command('SORT', 3, seq(either(numbersKey, scoredKey), anyOrder(gets, limit, direction, store, word('BY', 'nosort')))),
  command('SORT_RO', 4, seq(source, anyOrder(gets, limit, direction, alpha), name)),
  command('RPUSH', 8, seq(numbersKey, times(1, 5, rarely(numericValue, (r) => [String(r.below(60) - 20)])))),
  command('ZADD', 4, seq(scoredKey, times(1, 4, seq((r) => [String(r.below(9))], (r) => [String(r.below(60) - 20)]))), 'fragile'),
  command('DEL', 2, either(numbersKey, numbersKey, scoredKey)),
  command('OBJECT', 1, seq(word('ENCODING'), scoredKey)),
]
