// The list commands with every option that 7.0 has. Those that wait stand in episode.ts as readers that are woken, too.
import {
  anyOf, anyOrder, command, either, maybe, seq, times, word, type CommandShape, type Shape,
} from '../grammar.ts'
import { int, listElement, listIndex, listKey, positive, removals, timeout } from '../pool.ts'

const side = anyOf('LEFT', 'RIGHT', 'left', 'RIGHT')
const elements = times(1, 5, listElement)

const popped: Shape = (r) => {
  const keys = times(1, 3, listKey)(r)
  const count = r.chance(0.94) ? String(keys.length) : int(r)[0]!
  return [count, ...keys, ...side(r), ...maybe(0.5, seq(anyOf('COUNT', 'count'), positive))(r)]
}

export const listCommands: readonly CommandShape[] = [
  command('LPUSH', 10, seq(listKey, elements)),
  command('RPUSH', 12, seq(listKey, either(elements, elements, times(5, 40, listElement)))),
  command('LPUSHX', 2, seq(listKey, elements)),
  command('RPUSHX', 2, seq(listKey, elements)),
  command('LPOP', 4, seq(listKey, maybe(0.4, int))),
  command('RPOP', 4, seq(listKey, maybe(0.4, int))),
  command('LLEN', 3, listKey),
  command('LRANGE', 6, seq(listKey, listIndex, listIndex)),
  command('LINDEX', 4, seq(listKey, listIndex)),
  command('LSET', 5, seq(listKey, listIndex, listElement)),
  command('LINSERT', 5, seq(listKey, anyOf('BEFORE', 'AFTER', 'after', 'BEFORE'), listElement, listElement)),
  command('LREM', 3, seq(listKey, removals, listElement), 'fragile'),
  command('LTRIM', 2, seq(listKey, listIndex, listIndex)),
  command('LPOS', 5, seq(listKey, listElement, anyOrder(
    maybe(0.5, seq(anyOf('RANK', 'rank'), int)), maybe(0.5, seq(word('COUNT'), int)), maybe(0.4, seq(word('MAXLEN'), int)),
  ))),
  command('LMOVE', 5, seq(listKey, listKey, side, side)),
  command('RPOPLPUSH', 3, seq(listKey, listKey)),
  command('LMPOP', 3, popped),
  // Their time is short, so that nobody waits long where there is nothing.
  command('BLPOP', 1, seq(times(1, 3, listKey), timeout), 'fragile'),
  command('BRPOP', 1, seq(times(1, 3, listKey), timeout), 'fragile'),
  command('BLMOVE', 1, seq(listKey, listKey, side, side, timeout), 'fragile'),
  command('BRPOPLPUSH', 1, seq(listKey, listKey, timeout), 'fragile'),
  command('BLMPOP', 1, seq(timeout, popped), 'fragile'),
]
