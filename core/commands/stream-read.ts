// XREAD, XREADGROUP: what reads entries as they come, and delivers them to groups.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { deliverAgain, deliverOrdered } from './stream-again.ts'
import type { GroupRead } from './stream-again.ts'
import { logAcknowledged, logClaim, logPlace } from './stream-claim.ts'
import { deliver, deliverIdle, recount, replyHistory } from './stream-delivery.ts'
import { idArgument, isSign, replyEntry, signs, streamRoot, wrong } from './stream-key.ts'
import { settlePlan } from './stream-plans.ts'
import { groupAt, meaninglessId, parseRead, read } from './stream-read-options.ts'
import { blockRequest } from './stream-read-wait.ts'

const from = new StreamId()
const last = new StreamId()
const largest = new StreamId().setMax()

export function xread(x: Engine, a: Args, r: Reply): void {
  if (parseRead(a, r, false, x.now)) serve(x, a, r, false)
}

export function xreadgroup(x: Engine, a: Args, r: Reply): void {
  if (parseRead(a, r, true, x.now)) serve(x, a, r, true)
}

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
  const isDollar = isSign(a, id, signs.dollar)
  if (isDollar || isSign(a, id, signs.plus)) {
    if (!grouped) return true
    r.error(meaninglessId(isDollar ? '$' : '+'))
    return false
  }
  if (isSign(a, id, signs.greater)) {
    if (grouped) return true
    r.error(
      'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
    )
    return false
  }
  return idArgument(a, id, from, r)
}

function beginStream(a: Args, r: Reply, key: number): void {
  if (r.resp === 2) r.array(2)
  r.bulk(a.buf, a.start[key]!, a.end[key]!)
}

function serveStream(x: Engine, a: Args, r: Reply, root: number, key: number): boolean {
  const id = key + read.streams
  const stream = x.stream.open(root)
  if (stream.length === 0 || isSign(a, id, signs.dollar)) return false
  if (isSign(a, id, signs.plus)) {
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
  if (isSign(a, id, signs.greater) || (idArgument(a, id, from, r) && from.compare(largest) === 0)) {
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
    // What was delivered just now is not idle.
    found += serveIdle(x, a, r, group, consumer, key, left(), Math.max(read.claimMs, Math.min(found, 1)))
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
  logNew(x, a, group, key, id, plans.isOrdered(policy) ? 0 : fresh, created && !isTold)
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
  const claimed = claims ? serveIdle(x, a, r, group, consumer, key, read.count, read.claimMs) : 0
  let delivered = 0
  if (read.count === 0 || claimed < read.count) {
    x.groups.lastDelivered(group, from)
    if (x.stream.lastId(last).compare(from) > 0 && from.increment() && x.stream.seek(from)) {
      const left = read.count === 0 ? 0 : read.count - claimed
      delivered = deliver(x, r, group, consumer, left, read.noAck, claims)
    }
  }
  logNew(x, a, group, key, id, delivered, created && claimed === 0)
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
  x: Engine, a: Args, r: Reply, group: number, consumer: number, key: number, count: number, minIdleMs: number,
): number {
  return deliverIdle(x, r, group, consumer, count, minIdleMs, (claim, pending) => {
    if (pending === 0) logAcknowledged(x, a, key, read.group, claim)
    else logClaim(x, a, key, read.group, group, claim, pending)
  })
}

/** As `logRead`, of new entries: also how many the group has read, where an older server would count otherwise. */
function logNew(
  x: Engine, a: Args, group: number, key: number, id: number, delivered: number, created: boolean,
): void {
  logRead(x, a, key, id, delivered, created)
  if (delivered > 0 && recount.own) logPlace(x, a, key, read.group, group)
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
