// XRANGE, XREVRANGE, XREAD, XREADGROUP: what reads entries, and delivers them to groups.

import { Args, encodeWords, frameCommand } from '../args.ts'
import type { Block, Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { types } from '../keyspace/entry.ts'
import { claimAgainMsMin } from '../limits.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { logAcknowledged, logClaim } from './stream-claim.ts'
import { deliverAgain, deliverOrdered } from './stream-again.ts'
import type { GroupRead } from './stream-again.ts'
import { deliver, deliverIdle, replyHistory } from './stream-delivery.ts'
import { idArgument, intervalArgument, replyEntry, streamRoot, wrong } from './stream-key.ts'
import { settlePlan } from './stream-plans.ts'

const from = new StreamId()
const to = new StreamId()
const last = new StreamId()
const largest = new StreamId().setMax()

export function xrange(x: Engine, a: Args, r: Reply): void {
  range(x, a, r, false)
}

export function xrevrange(x: Engine, a: Args, r: Reply): void {
  range(x, a, r, true)
}

function range(x: Engine, a: Args, r: Reply, backward: boolean): void {
  if (!intervalArgument(a, backward ? 3 : 2, from, r, 'start')) return
  if (!intervalArgument(a, backward ? 2 : 3, to, r, 'end')) return
  let count = -1
  for (let i = 4; i < a.count; i++) {
    if (!a.is(i, 'COUNT') || i === a.count - 1) {
      r.error(replies.syntax)
      return
    }
    count = a.int(++i)
    if (Number.isNaN(count)) {
      r.error(replies.notInteger)
      return
    }
    if (count < 0) count = 0
  }
  const root = streamRoot(x, a, 1, r, false)
  if (root === wrong) return
  if (root === 0) {
    r.array(0)
    return
  }
  if (count === 0) {
    r.nilArray()
    return
  }
  const stream = x.stream.open(root)
  const most = count === -1 ? Infinity : count
  const mark = r.deferred()
  let found = 0
  let more = backward ? stream.seekLast(to) : stream.seek(from)
  while (more && found < most && (backward ? stream.id.compare(from) >= 0 : stream.id.compare(to) <= 0)) {
    replyEntry(x, r)
    found++
    more = found < most && (backward ? stream.backward() : stream.forward())
  }
  r.setArray(mark, found)
}

/** The parsed XREAD or XREADGROUP that is being executed. */
export const read = {
  blockMs: -1,
  count: 0,
  /** CLAIM's time, -1 without it. */
  claimMs: -1,
  noAck: false,
  /** Index of GROUP's name, 0 for none; the consumer follows. */
  group: 0,
  /** Index of the first key, and how many there are. */
  keys: 0,
  streams: 0,
}

export function xread(x: Engine, a: Args, r: Reply): void {
  if (parseRead(a, r, false)) serve(x, a, r, false)
}

export function xreadgroup(x: Engine, a: Args, r: Reply): void {
  if (parseRead(a, r, true)) serve(x, a, r, true)
}

/** Reads all up to the keys and ids into `read`; false after an error reply. */
export function parseRead(a: Args, r: Reply, grouped: boolean): boolean {
  read.blockMs = -1
  read.count = 0
  read.claimMs = -1
  read.noAck = false
  read.group = 0
  read.keys = 0
  for (let i = 1; i < a.count && read.keys === 0; i++) {
    const more = a.count - 1 - i
    if (a.is(i, 'BLOCK') && more > 0) {
      const ms = a.int(++i)
      if (Number.isNaN(ms) || ms < 0) {
        r.error(Number.isNaN(ms) ? replies.timeoutNotInteger : replies.timeoutNegative)
        return false
      }
      read.blockMs = ms
    } else if (a.is(i, 'COUNT') && more > 0) {
      const count = a.int(++i)
      if (Number.isNaN(count)) {
        r.error(replies.notInteger)
        return false
      }
      read.count = Math.max(0, count)
    } else if (a.is(i, 'STREAMS') && more > 0) {
      read.keys = i + 1
      if ((a.count - read.keys) % 2 !== 0) {
        const symbol = grouped ? "'>'" : "'$'"
        const name = grouped ? 'xreadgroup' : 'xread'
        r.error(`ERR Unbalanced '${name}' list of streams: for each stream key an ID or ${symbol} must be specified.`)
        return false
      }
      read.streams = (a.count - read.keys) / 2
    } else if (a.is(i, 'GROUP') && more >= 2) {
      if (!grouped) {
        r.error('ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.')
        return false
      }
      read.group = i + 1
      i += 2
    } else if (a.is(i, 'CLAIM') && more > 0) {
      if (!grouped) {
        r.error('ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.')
        return false
      }
      read.claimMs = a.int(++i)
      if (Number.isNaN(read.claimMs)) {
        r.error(replies.notInteger)
        return false
      }
      if (read.claimMs < 0) {
        r.error('ERR min-idle-time must not be negative')
        return false
      }
    } else if (a.is(i, 'NOACK')) {
      if (!grouped) {
        r.error('ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.')
        return false
      }
      read.noAck = true
    } else {
      r.error(replies.syntax)
      return false
    }
  }
  if (read.keys === 0) {
    r.error(replies.syntax)
    return false
  }
  if (grouped && read.group === 0) {
    r.error('ERR Missing GROUP option for XREADGROUP')
    return false
  }
  return true
}

function isSign(a: Args, i: number, sign: number): boolean {
  return a.size(i) === 1 && a.buf[a.start[i]!] === sign
}

const dollar = 36
const greater = 62
const plus = 43

function serve(x: Engine, a: Args, r: Reply, grouped: boolean): void {
  for (let s = 0; s < read.streams; s++) if (!checkStream(x, a, r, s, grouped)) return
  const mark = r.deferred()
  let served = 0
  for (let s = 0; s < read.streams; s++) {
    const key = read.keys + s
    const root = streamRoot(x, a, key, r, false)
    if (root <= 0) continue
    const any = grouped ? serveGroup(x, a, r, root, key, key + read.streams) : serveStream(x, a, r, root, key)
    if (any) served++
  }
  if (served > 0) {
    if (r.resp === 3) r.setMap(mark, served)
    else r.setArray(mark, served)
  } else if (read.blockMs < 0 || !x.session.mayBlock) r.nilArray()
  else x.block = blockRequest(x, a, grouped)
}

/** Checks key and id number s before anything is served; writes the error and returns false where they are wrong. */
function checkStream(x: Engine, a: Args, r: Reply, s: number, grouped: boolean): boolean {
  const key = read.keys + s
  const id = key + read.streams
  const root = streamRoot(x, a, key, r, false)
  if (root === wrong) return false
  if (grouped) {
    const group = root === 0 ? 0 : groupAt(x, a, root, read.group)
    if (group === 0) {
      r.error(
        `NOGROUP No such key '${a.shown(key)}' or consumer group '${a.shown(read.group)}' ` +
        'in XREADGROUP with GROUP option',
      )
      return false
    }
  }
  if (isSign(a, id, dollar)) {
    if (!grouped) return true
    r.error(
      'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by ' +
      'specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
    )
    return false
  }
  if (isSign(a, id, plus) && !grouped) return true
  if (isSign(a, id, greater)) {
    if (grouped) return true
    r.error(
      'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
    )
    return false
  }
  return idArgument(a, id, from, r)
}

function groupAt(x: Engine, a: Args, root: number, name: number): number {
  return x.groups.find(x.stream.open(root).groups, a.buf, a.start[name]!, a.end[name]!)
}

function beginStream(a: Args, r: Reply, key: number): void {
  if (r.resp === 2) r.array(2)
  r.bulk(a.buf, a.start[key]!, a.end[key]!)
}

function serveStream(x: Engine, a: Args, r: Reply, root: number, key: number): boolean {
  const id = key + read.streams
  const stream = x.stream.open(root)
  if (stream.length === 0 || isSign(a, id, dollar)) return false
  if (isSign(a, id, plus)) {
    // `+` asks for the last entry, whatever COUNT says.
    stream.last()
    beginStream(a, r, key)
    r.array(1)
    replyEntry(x, r)
    return true
  }
  if (!idArgument(a, id, from, r)) return false
  if (!from.increment() || !stream.seek(from)) return false
  beginStream(a, r, key)
  const mark = r.deferred()
  const most = read.count === 0 ? Infinity : read.count
  let found = 0
  do {
    replyEntry(x, r)
    found++
  } while (found < most && stream.forward())
  r.setArray(mark, found)
  return true
}

function serveGroup(x: Engine, a: Args, r: Reply, root: number, key: number, id: number): boolean {
  const group = groupAt(x, a, root, read.group)
  const name = read.group + 1
  const groups = x.groups
  let consumer = groups.findConsumer(group, a.buf, a.start[name]!, a.end[name]!)
  let created = false
  if (consumer === 0) {
    consumer = groups.createConsumer(group, a.buf, a.start[name]!, a.end[name]!, x.now)
    created = true
    x.notify('t', 'xgroup-createconsumer', a.buf, a.start[key]!, a.end[key]!)
  }
  groups.setSeen(consumer, x.now)
  // Redis stands `>` for by the largest id, so that id asks for new entries, too.
  if (isSign(a, id, greater) || (idArgument(a, id, from, r) && from.compare(largest) === 0)) {
    return groups.policy(group) !== 0 && !x.replaying
      ? servePlanned(x, a, r, group, consumer, key, id, created)
      : serveNew(x, a, r, group, consumer, key, id, created)
  }
  beginStream(a, r, key)
  logRead(x, a, key, id, replyHistory(x, r, group, consumer, from, read.count), created)
  settlePlan(x, a, key, group)
  return true
}

/** As `serveNew`, as the group's policy says. */
function servePlanned(
  x: Engine, a: Args, r: Reply, group: number, consumer: number, key: number, id: number, created: boolean,
): boolean {
  const { groups, stream } = x
  const { plans } = groups
  const policy = groups.policy(group)
  const begin = r.deferred()
  beginStream(a, r, key)
  const mark = r.deferred()
  const detailed = read.claimMs >= 0
  const served: GroupRead = {
    key, name: read.group, group, consumer, count: read.count, noAck: read.noAck, detailed,
  }
  let found = deliverAgain(x, a, r, served)
  const left = (): number => read.count === 0 ? 0 : read.count - found
  // Where there is a lease it alone says what is delivered again.
  if (detailed && plans.leaseMs(policy) === 0 && !isFull(found)) {
    found += serveIdle(x, a, r, group, consumer, key, left())
  }
  const again = found
  let fresh = 0
  groups.lastDelivered(group, from)
  if (!isFull(found) && stream.lastId(last).compare(from) > 0 && from.increment() && stream.seek(from)) {
    served.count = left()
    fresh = plans.isOrdered(policy)
      ? deliverOrdered(x, a, r, served)
      : deliver(x, r, group, consumer, served.count, read.noAck, detailed)
    found += fresh
  }
  const isTold = again > 0 || (plans.isOrdered(policy) && fresh > 0 && !read.noAck)
  logRead(x, a, key, id, plans.isOrdered(policy) ? 0 : fresh, created && !isTold)
  settlePlan(x, a, key, group)
  if (found === 0) r.rewind(begin)
  else r.setArray(mark, found)
  return found > 0
}

function isFull(found: number): boolean {
  return read.count > 0 && found >= read.count
}

/** Delivers what is idle, where CLAIM asks for it, and what is new. */
function serveNew(
  x: Engine, a: Args, r: Reply, group: number, consumer: number, key: number, id: number, created: boolean,
): boolean {
  const begin = r.deferred()
  beginStream(a, r, key)
  const mark = r.deferred()
  const claims = read.claimMs >= 0
  const claimed = claims ? serveIdle(x, a, r, group, consumer, key, read.count) : 0
  let delivered = 0
  if (read.count === 0 || claimed < read.count) {
    x.groups.lastDelivered(group, from)
    if (x.stream.lastId(last).compare(from) > 0 && from.increment() && x.stream.seek(from)) {
      const left = read.count === 0 ? 0 : read.count - claimed
      delivered = deliver(x, r, group, consumer, left, read.noAck, claims)
    }
  }
  logRead(x, a, key, id, delivered, created && claimed === 0)
  settlePlan(x, a, key, group)
  if (claimed + delivered === 0) {
    r.rewind(begin)
    return false
  }
  r.setArray(mark, claimed + delivered)
  return true
}

/** Apart from `serveNew`, so that reads without CLAIM make no closure. */
function serveIdle(
  x: Engine, a: Args, r: Reply, group: number, consumer: number, key: number, count: number,
): number {
  return deliverIdle(x, r, group, consumer, count, read.claimMs, (claim, pending) => {
    if (pending === 0) logAcknowledged(x, a, key, read.group, claim)
    else logClaim(x, a, key, read.group, group, claim, pending)
  })
}

/** One effect a stream: the same read, bounded by what it delivered; or just that the consumer came to be. */
function logRead(x: Engine, a: Args, key: number, id: number, delivered: number, created: boolean): void {
  const name = read.group
  if (delivered > 0) {
    x.changed(delivered)
    x.effect(9 + (read.noAck ? 1 : 0))
    x.wordText('XREADGROUP')
    x.wordText('GROUP')
    x.wordArg(a, name)
    x.wordArg(a, name + 1)
    x.wordText('COUNT')
    x.wordInt(delivered)
    if (read.noAck) x.wordText('NOACK')
    x.wordText('STREAMS')
    x.wordArg(a, key)
    x.wordArg(a, id)
    x.endEffect()
  } else if (created) {
    x.changed()
    x.effect(5)
    x.wordText('XGROUP')
    x.wordText('CREATECONSUMER')
    x.wordArg(a, key)
    x.wordArg(a, name)
    x.wordArg(a, name + 1)
    x.endEffect()
  }
}

/** The client waits for its keys; the command it runs then has its `$` and `+` made concrete. */
function blockRequest(x: Engine, a: Args, grouped: boolean): Block {
  const keys: Buffer[] = []
  for (let s = 0; s < read.streams; s++) keys.push(a.copy(read.keys + s))
  const words: Buffer[] = []
  for (let i = 0; i < a.count; i++) {
    const isId = i >= read.keys + read.streams
    words.push(isId && !grouped && (isSign(a, i, dollar) || isSign(a, i, plus)) ? lastIdOf(x, a, i) : a.copy(i))
  }
  const block: Block = {
    keys, type: types.stream, timeoutMs: read.blockMs, retry: argsOf(words), nil: 'array', wakeOnDelete: grouped,
  }
  if (grouped) block.rivals = a.text(read.group)
  if (grouped) {
    const againMs = readAgainMs(x, a)
    if (againMs < Infinity) block.againMs = againMs
  }
  return block
}

/**
 * Milliseconds until some pending entry may be idle for long enough to be claimed (what another consumer takes from now
 * on isn't so before that time has passed again), or until the consumer must show that it lives.
 */
function readAgainMs(x: Engine, a: Args): number {
  let soonest = read.claimMs >= 0 ? Math.max(read.claimMs, claimAgainMsMin) : Infinity
  for (let s = 0; s < read.streams; s++) {
    const key = read.keys + s
    const entry = x.db.peek(a.buf, a.start[key]!, a.end[key]!, x.db.hash(a.buf, a.start[key]!, a.end[key]!))
    if (entry === 0) continue
    const group = groupAt(x, a, x.db.rootOf(entry), read.group)
    const policy = x.groups.policy(group)
    const reapMs = policy === 0 ? 0 : x.groups.plans.reapMs(policy)
    if (reapMs > 0) soonest = Math.min(soonest, Math.floor(reapMs / 2))
    if (read.claimMs < 0) continue
    const oldest = x.groups.oldest(group, Infinity, 1, x.now)[0]
    if (oldest === undefined) continue
    soonest = Math.min(soonest, x.groups.delivered(oldest) + read.claimMs - x.now)
  }
  return Math.max(1, soonest)
}

function lastIdOf(x: Engine, a: Args, id: number): Buffer {
  const key = id - read.streams
  const hash = x.db.hash(a.buf, a.start[key]!, a.end[key]!)
  const entry = x.db.peek(a.buf, a.start[key]!, a.end[key]!, hash)
  if (entry === 0) return Buffer.from('0-0')
  return Buffer.from(x.stream.open(x.db.rootOf(entry)).lastId(last).toString())
}

function argsOf(words: readonly Buffer[]): Args {
  const args = new Args(words.length)
  const bytes = encodeWords(words)
  frameCommand(args, bytes, 0, bytes.length)
  return args
}
