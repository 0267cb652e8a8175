// The stream commands with groups, as 7.0 has them. Blocking calls that really wait are made by
// the episodes; here BLOCK only appears with a millisecond, to see its parsing and its nil.
import {
  anyOf, anyOrder, command, either, maybe, none, rarely, seq, times, word, type CommandShape,
  type Shape,
} from '../grammar.ts'
import {
  consumer, field, group, id, int, newId, positive, rangeId, streamKey, value,
} from '../pool.ts'

const trim: Shape = seq(
  either(
    seq(word('MAXLEN'), maybe(0.5, anyOf('=', '~')), int),
    seq(word('MINID'), maybe(0.5, anyOf('=', '~')), id),
  ),
  maybe(0.2, seq(word('LIMIT'), int)),
)
const pairs: Shape = times(1, 3, seq(field, value))
const count: Shape = seq(anyOf('COUNT', 'count'), int)
const readId: Shape = either(id, anyOf('$', '0', '0-0', '-', '+'))
const groupId: Shape = either(word('>'), word('>'), word('>'), id, anyOf('0', '$'))
const idle: Shape = anyOf('0', '0', '0', '99999999999', '-1', 'x')

/** As many keys as ids, and now and then one id too few. */
const streams = (max: number, of: Shape): Shape => (r) => {
  const keys = times(1, max, streamKey)(r)
  const ids = keys.flatMap(() => of(r))
  return ['STREAMS', ...keys, ...(r.chance(0.03) ? ids.slice(1) : ids)]
}

export const xread: Shape = seq(
  anyOrder(maybe(0.5, count), maybe(0.04, word('BLOCK', '1'))), streams(3, readId),
)
export const xreadgroup: Shape = seq(
  word('GROUP'), group, consumer,
  anyOrder(maybe(0.6, count), maybe(0.04, word('BLOCK', '1')), maybe(0.15, word('NOACK'))),
  streams(2, groupId),
)

export const streamCommands: readonly CommandShape[] = [
  command('XADD', 22, seq(
    streamKey, maybe(0.05, word('NOMKSTREAM')), maybe(0.12, trim), newId, pairs,
  )),
  command('XLEN', 3, streamKey),
  command('XRANGE', 5, seq(streamKey, rangeId, rangeId, maybe(0.4, count))),
  command('XREVRANGE', 4, seq(streamKey, rangeId, rangeId, maybe(0.4, count))),
  command('XREAD', 6, xread),
  command('XDEL', 4, seq(streamKey, times(1, 3, id))),
  command('XTRIM', 2, seq(streamKey, trim)),
  command('XSETID', 2, seq(streamKey, either(id, newId), maybe(0.4, anyOrder(
    maybe(0.7, seq(word('ENTRIESADDED'), int)), maybe(0.7, seq(word('MAXDELETEDID'), id)),
  )))),
  command('XINFO', 10, rarely(
    either(word('NOPE'), word('HELP'), none),
    either(
      seq(word('STREAM'), streamKey, maybe(0.6, seq(anyOf('FULL', 'full'), maybe(0.5, count)))),
      seq(anyOf('GROUPS', 'groups'), streamKey), seq(word('CONSUMERS'), streamKey, group),
    ),
  )),
  command('XGROUP', 11, rarely(
    either(
      seq(word('NOPE'), streamKey, group), word('HELP'), seq(word('DESTROY'), streamKey, group),
    ),
    either(
      seq(word('CREATE'), streamKey, group, either(id, anyOf('$', '0', '0')), anyOrder(
        maybe(0.6, word('MKSTREAM')), maybe(0.3, seq(word('ENTRIESREAD'), int)),
      )),
      seq(word('CREATE'), streamKey, group, anyOf('$', '0'), word('MKSTREAM')),
      seq(word('SETID'), streamKey, group, either(id, anyOf('$', '0')),
        maybe(0.3, seq(word('ENTRIESREAD'), int))),
      seq(word('CREATECONSUMER'), streamKey, group, consumer),
      seq(word('DELCONSUMER'), streamKey, group, consumer),
    ),
  )),
  command('XREADGROUP', 14, xreadgroup),
  command('XACK', 6, seq(streamKey, group, times(1, 4, id))),
  command('XPENDING', 7, seq(streamKey, group, maybe(0.7, seq(
    maybe(0.3, seq(word('IDLE'), idle)), rangeId, rangeId, either(positive, int),
    maybe(0.4, consumer),
  )))),
  command('XCLAIM', 7, seq(streamKey, group, consumer, idle, times(1, 4, id), anyOrder(
    maybe(0.15, seq(word('IDLE'), anyOf('0', '5000000', '-1', 'x'))),
    maybe(0.15, seq(word('TIME'), anyOf('1000', '1700000000000', '4000000000000', '-1', 'x'))),
    maybe(0.2, seq(word('RETRYCOUNT'), int)), maybe(0.3, word('FORCE')), maybe(0.2, word('JUSTID')),
    maybe(0.1, seq(word('LASTID'), id)),
  ))),
  command('XAUTOCLAIM', 6, seq(
    streamKey, group, consumer, idle, either(word('0-0'), word('-'), id, rangeId),
    anyOrder(maybe(0.4, count), maybe(0.2, word('JUSTID'))),
  )),
]
