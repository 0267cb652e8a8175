// Random commands of all families, for the workload of the crash tests.

import type { Random } from '../../core/random.ts'
import type { Word } from './commands/driver.ts'

type Pick = {
  n: (below: number) => number
  key: () => string
  stream: () => string
  text: () => string
  /** An id for an entry of this turn, and one that an entry of the last turns may have. */
  newId: () => string
  id: () => string
  consumer: () => string
}

/** A command for the turn of that number. */
export function randomCommand(random: Random, turnNumber: number): Word[] {
  const n = (below: number): number => random.u32() % below
  const pick: Pick = {
    n,
    key: () => `key:${n(8)}`,
    stream: () => `stream:${n(2)}`,
    text: () => (n(12) === 0 ? 'a long value '.repeat(n(40)) : 'v'.repeat(n(30))),
    newId: () => `${turnNumber + 1}-*`,
    id: () => `${Math.max(1, turnNumber + 1 - n(12))}-0`,
    consumer: () => `worker:${n(3)}`,
  }
  const family = n(100)
  if (family < 30) return oneOf(strings, pick)
  if (family < 42) return oneOf(keys, pick)
  if (family < 56) return oneOf(hashes, pick)
  if (family < 66) return oneOf(lists, pick)
  if (family < 75) return oneOf(zsets, pick)
  if (family < 82) return oneOf(sets, pick)
  if (family < 98) return oneOf(streams, pick)
  return n(3) === 0 ? oneOf(databasesWide, pick) : ['SWAPDB', n(3), n(3)]
}

type Maker = (p: Pick) => Word[]

function oneOf(makers: readonly Maker[], pick: Pick): Word[] {
  return makers[pick.n(makers.length)]!(pick)
}

const strings: readonly Maker[] = [
  (p) => ['SET', p.key(), p.text()],
  (p) => ['SET', p.key(), p.n(100), 'KEEPTTL', 'GET'],
  (p) => ['SET', p.key(), p.text(), 'PX', 1 + p.n(400)],
  (p) => ['SET', p.key(), p.text(), 'EX', 100, 'NX'],
  (p) => ['SETEX', p.key(), 1 + p.n(3), p.text()],
  (p) => ['MSET', p.key(), p.text(), p.key(), p.n(9)],
  (p) => ['INCR', `count:${p.n(4)}`],
  (p) => ['INCRBY', `count:${p.n(4)}`, p.n(50) - 20],
  (p) => ['INCRBYFLOAT', p.n(2) === 0 ? p.key() : 'float', '0.1'],
  (p) => ['APPEND', p.key(), p.text()],
  (p) => ['SETRANGE', p.key(), p.n(200), p.text()],
  (p) => ['GETEX', p.key(), 'PX', 1 + p.n(900)],
  (p) => ['GETDEL', p.key()],
  (p) => ['GET', p.key()],
  (p) => ['SETBIT', p.key(), p.n(900), p.n(2)],
  (p) => ['BITFIELD', p.key(), 'INCRBY', 'i33', p.n(200), p.n(99) - 50, 'OVERFLOW', 'FAIL', 'SET', 'u4', 0, p.n(20)],
  (p) => ['BITOP', p.n(2) === 0 ? 'XOR' : 'DIFF', p.key(), p.key(), p.key()],
  (p) => ['PFADD', `seen:${p.n(3)}`, p.n(999), p.n(999), p.n(999)],
  (p) => ['PFCOUNT', `seen:${p.n(3)}`],
  (p) => ['PFMERGE', `seen:${p.n(3)}`, `seen:${p.n(3)}`, `seen:${p.n(3)}`],
]

const keys: readonly Maker[] = [
  (p) => ['DEL', p.key(), p.key()],
  (p) => ['UNLINK', p.key(), p.n(20) === 0 ? p.stream() : p.key()],
  (p) => ['RENAME', p.key(), p.key()],
  (p) => ['RENAME', p.stream(), p.stream()],
  (p) => ['COPY', p.key(), p.key(), 'REPLACE'],
  (p) => ['COPY', p.stream(), p.stream(), 'DB', p.n(3), 'REPLACE'],
  (p) => ['MOVE', p.n(4) === 0 ? p.stream() : p.key(), 1 + p.n(2)],
  (p) => ['PEXPIRE', p.key(), 1 + p.n(500)],
  (p) => ['EXPIRE', p.n(10) === 0 ? p.stream() : p.key(), 1, 'NX'],
  (p) => ['PERSIST', p.key()],
]

const hash = (p: Pick): string => (p.n(12) === 0 ? p.key() : `hash:${p.n(3)}`)
const field = (p: Pick): string => `f${p.n(12)}`

/** Fields with deadlines go between the turns, and in some that find them due. */
const hashes: readonly Maker[] = [
  (p) => ['HSET', hash(p), field(p), p.text(), field(p), p.n(9)],
  (p) => ['HSETNX', hash(p), field(p), p.text()],
  (p) => ['HINCRBY', hash(p), `n${p.n(3)}`, p.n(9)],
  (p) => ['HINCRBYFLOAT', hash(p), `n${p.n(3)}`, '0.25'],
  (p) => ['HDEL', hash(p), field(p), field(p)],
  (p) => ['HPEXPIRE', hash(p), 1 + p.n(300), 'FIELDS', 2, field(p), field(p)],
  (p) => ['HEXPIRE', hash(p), p.n(3), 'GT', 'FIELDS', 1, field(p)],
  (p) => ['HSETEX', hash(p), 'PX', 1 + p.n(200), 'FIELDS', 1, field(p), p.text()],
  (p) => ['HGETEX', hash(p), 'PERSIST', 'FIELDS', 2, field(p), field(p)],
  (p) => ['HGETDEL', hash(p), 'FIELDS', 1, field(p)],
  (p) => ['HPERSIST', hash(p), 'FIELDS', 1, field(p)],
  (p) => (p.n(2) === 0 ? ['RENAME', hash(p), hash(p)] : ['COPY', hash(p), hash(p), 'DB', p.n(3), 'REPLACE']),
]

const list = (p: Pick): string => (p.n(12) === 0 ? p.key() : `list:${p.n(3)}`)
const side = (p: Pick): string => (p.n(2) === 0 ? 'LEFT' : 'RIGHT')

const lists: readonly Maker[] = [
  (p) => ['RPUSH', list(p), p.text(), p.n(9), p.text()],
  (p) => ['LPUSH', list(p), p.n(9), p.text()],
  (p) => ['RPUSH', list(p), ...Array.from({ length: p.n(300) + 1 }, () => p.text())],
  (p) => [p.n(2) === 0 ? 'LPOP' : 'RPOP', list(p), p.n(9)],
  (p) => ['LSET', list(p), p.n(60) - 30, p.text()],
  (p) => ['LINSERT', list(p), 'BEFORE', p.n(9), p.text()],
  (p) => ['LREM', list(p), p.n(3) - 1, p.n(9)],
  (p) => (p.n(4) === 0 ? ['LTRIM', list(p), p.n(9), -p.n(9)] : ['LPUSHX', list(p), p.text()]),
  (p) => ['LMOVE', list(p), list(p), side(p), side(p)],
  (p) => ['BLMOVE', list(p), list(p), side(p), side(p), 0],
  (p) => [p.n(2) === 0 ? 'BLPOP' : 'BRPOP', list(p), list(p), 0],
  (p) => ['BLMPOP', 0, 2, list(p), list(p), side(p), 'COUNT', 1 + p.n(5)],
]

const zset = (p: Pick): string => (p.n(12) === 0 ? p.key() : `zset:${p.n(3)}`)
const member = (p: Pick): string => `m${p.n(150)}`
const lowest = (p: Pick): string => (p.n(2) === 0 ? 'MIN' : 'MAX')

const zsets: readonly Maker[] = [
  (p) => ['ZADD', zset(p), p.n(99), member(p), p.n(9) / 4, member(p)],
  (p) => ['ZADD', zset(p), ...Array.from({ length: p.n(60) + 1 }, () => [p.n(500), member(p)]).flat()],
  (p) => ['ZADD', zset(p), p.n(2) === 0 ? 'GT' : 'XX', 'CH', p.n(200), member(p)],
  (p) => ['ZINCRBY', zset(p), p.n(3) === 0 ? '0.1' : p.n(9) - 4, member(p)],
  (p) => ['ZREM', zset(p), member(p), member(p), member(p)],
  (p) => ['ZPOPMIN', zset(p), p.n(4)],
  (p) => ['BZPOPMAX', zset(p), zset(p), 0],
  (p) => ['BZMPOP', 0, 2, zset(p), zset(p), lowest(p), 'COUNT', 1 + p.n(5)],
  (p) => (p.n(4) === 0 ? ['ZREMRANGEBYSCORE', zset(p), p.n(50), `(${p.n(90)}`] : ['ZREMRANGEBYRANK', zset(p), p.n(9), p.n(20)]),
  (p) => ['ZUNIONSTORE', zset(p), 2, zset(p), zset(p), 'WEIGHTS', 1, 1 + p.n(2), 'AGGREGATE', lowest(p)],
  (p) => [p.n(2) === 0 ? 'ZINTERSTORE' : 'ZDIFFSTORE', zset(p), 2, zset(p), zset(p)],
  (p) => ['ZRANGESTORE', zset(p), zset(p), p.n(50), '+inf', 'BYSCORE', 'LIMIT', p.n(3), p.n(40)],
  (p) => ['GEOADD', `geo:${p.n(2)}`, p.n(360) - 179.5, p.n(170) - 84.5, member(p), p.n(90), p.n(80), member(p)],
  (p) => ['GEOSEARCHSTORE', zset(p), `geo:${p.n(2)}`, 'FROMLONLAT', p.n(90), p.n(80), 'BYRADIUS', p.n(9000), 'km', 'STOREDIST'],
]

const setKey = (p: Pick): string => (p.n(12) === 0 ? p.key() : `set:${p.n(3)}`)
const element = (p: Pick): Word => (p.n(3) === 0 ? p.text() : p.n(40))

/** What chance picks, and what is sorted, must come back as it was. */
const sets: readonly Maker[] = [
  (p) => ['SADD', setKey(p), element(p), element(p), element(p)],
  (p) => ['SADD', setKey(p), ...Array.from({ length: p.n(200) + 1 }, () => p.n(900))],
  (p) => ['SREM', setKey(p), element(p), element(p)],
  (p) => ['SPOP', setKey(p)],
  (p) => ['SPOP', setKey(p), p.n(30)],
  (p) => ['SMOVE', setKey(p), setKey(p), element(p)],
  (p) => ['SUNIONSTORE', setKey(p), setKey(p), setKey(p)],
  (p) => [p.n(2) === 0 ? 'SINTERSTORE' : 'SDIFFSTORE', setKey(p), setKey(p), setKey(p)],
  (p) => ['SORT', setKey(p), 'ALPHA', 'STORE', list(p)],
  (p) => ['SORT', p.n(2) === 0 ? list(p) : setKey(p), 'BY', 'nosort', 'GET', 'hash:*->f1', 'GET', '#', 'STORE', list(p)],
]

const databasesWide: readonly Maker[] = [
  (p) => (p.n(4) === 0 ? ['FLUSHALL'] : ['FLUSHDB']),
  (p) => (p.n(2) === 0 ? ['FLUSHDB', 'ASYNC'] : ['FLUSHDB', 'SYNC']),
]

const streams: readonly Maker[] = [
  (p) => ['XADD', p.stream(), p.newId(), 'field', p.text(), 'n', p.n(9)],
  (p) => ['XADD', p.stream(), 'MAXLEN', '~', 40, p.newId(), 'field', p.text()],
  (p) => ['XADD', p.stream(), p.newId(), 'field', p.text()],
  (p) => ['XADD', p.stream(), 'MAXLEN', 20, p.newId(), 'other', p.text(), 'more', p.text()],
  (p) => ['XADD', 'auto', '*', 'field', p.text()],
  (p) => ['XADD', 'auto', 'MAXLEN', 30, '*', 'field', p.text()],
  (p) => ['XGROUP', 'CREATE', p.n(4) === 0 ? 'auto' : p.stream(), 'group', p.n(2) === 0 ? '$' : '0', 'MKSTREAM'],
  (p) => ['XGROUP', 'CREATE', p.n(2) === 0 ? 'auto' : p.stream(), 'group', '0', 'MKSTREAM'],
  (p) => ['XGROUP', 'CREATE', p.stream(), 'other', '0'],
  (p) => (p.n(6) === 0 ? ['XGROUP', 'DESTROY', p.stream(), 'other'] : ['XADD', 'auto', '*', 'n', p.n(99)]),
  (p) => ['XGROUP', 'SETID', p.stream(), 'group', p.n(6) === 0 ? '0' : p.id()],
  (p) => ['XGROUP', 'CREATECONSUMER', p.stream(), 'group', p.consumer()],
  (p) => (p.n(4) === 0 ? ['XGROUP', 'DELCONSUMER', p.stream(), 'group', p.consumer()] : ['XADD', 'auto', '*', 'n', p.n(99)]),
  (p) => ['XREADGROUP', 'GROUP', 'group', p.consumer(), 'COUNT', 1 + p.n(6), 'STREAMS', p.stream(), '>'],
  (p) => ['XREADGROUP', 'GROUP', 'group', p.consumer(), 'COUNT', 1 + p.n(6), 'STREAMS', 'auto', '>'],
  (p) => ['XREADGROUP', 'GROUP', 'other', p.consumer(), 'COUNT', 4, 'NOACK', 'STREAMS', p.stream(), '>'],
  (p) => ['XREADGROUP', 'GROUP', 'group', p.consumer(), 'COUNT', 2, 'STREAMS', p.stream(), 'auto', '>', '>'],
  (p) => ['XACK', p.stream(), 'group', p.id(), p.id(), p.id(), p.id()],
  (p) => ['XCLAIM', p.stream(), 'group', p.consumer(), 0, p.id(), p.id(), p.id()],
  (p) => ['XCLAIM', p.stream(), 'group', p.consumer(), 0, p.id(), 'FORCE', 'IDLE', 5, 'RETRYCOUNT', 3],
  (p) => ['XAUTOCLAIM', p.n(2) === 0 ? 'auto' : p.stream(), 'group', p.consumer(), p.n(50), '0', 'COUNT', 5],
  (p) => ['XREADGROUP', 'GROUP', 'group', p.consumer(), 'COUNT', 3, 'CLAIM', p.n(90), 'STREAMS', p.stream(), '>'],
  (p) => ['XNACK', p.stream(), 'group', p.n(2) === 0 ? 'FAIL' : 'SILENT', 'IDS', 2, p.id(), p.id()],
  (p) => ['XACKDEL', p.stream(), 'group', p.n(2) === 0 ? 'DELREF' : 'ACKED', 'IDS', 2, p.id(), p.id()],
  (p) => ['XDELEX', p.stream(), p.n(2) === 0 ? 'KEEPREF' : 'DELREF', 'IDS', 2, p.id(), p.id()],
  (p) => ['XADD', 'auto', 'IDMP', 'producer', `request:${p.n(20)}`, '*', 'field', p.text()],
  (p) => ['XADD', 'auto', 'IDMPAUTO', 'producer', '*', 'field', p.n(20)],
  (p) => ['XCFGSET', 'auto', 'IDMP-DURATION', 1 + p.n(2), 'IDMP-MAXSIZE', 5 + p.n(20)],
  (p) => ['XTRIM', p.stream(), 'MAXLEN', 5 + p.n(20)],
  (p) => ['XTRIM', p.stream(), 'MINID', '~', p.id()],
  (p) => ['XDEL', p.stream(), p.id(), p.id()],
  (p) => (p.n(6) === 0 ? ['XSETID', p.stream(), p.newId().replace('*', '7')] : ['XADD', 'auto', '*', 'n', p.n(99)]),
]
