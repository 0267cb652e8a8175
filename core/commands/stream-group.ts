// XGROUP, XACK, XPENDING.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { dropGroup } from '../types/stream-facts.ts'
import { replyDeliveries } from './stream-delivery.ts'
import {
  boundArgument, createStream, groupsChanged, idArgument, idArguments, idAt, intervalArgument, isSign, replyId, signs,
  streamRoot, wrong,
} from './stream-key.ts'
import { settlePlan } from './stream-plans.ts'

const id = new StreamId()
const end = new StreamId()

/** Stream and group of arguments 2 and 3 of an XGROUP subcommand; undefined after an error reply. */
export function groupOf(x: Engine, a: Args, r: Reply): { root: number; group: number } | undefined {
  const root = streamRoot(x, a, 2, r, true)
  if (root === wrong) return undefined
  if (root === 0) {
    r.error(
      'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM ' +
      'option to create an empty stream automatically.',
    )
    return undefined
  }
  const group = x.groups.find(x.stream.open(root).groups, a.buf, a.start[3]!, a.end[3]!)
  return { root, group }
}

export function noGroup(a: Args, r: Reply): void {
  r.error(`NOGROUP No such consumer group '${a.shown(3)}' for key name '${a.shown(2)}'`)
}

/** Reads MKSTREAM and ENTRIESREAD from argument 5 on; undefined after an error reply. */
function groupOptions(a: Args, r: Reply, creates: boolean): { makes: boolean; entriesRead: number } | undefined {
  let makes = false
  let entriesRead = -1
  for (let i = 5; i < a.count; i++) {
    if (creates && a.is(i, 'MKSTREAM')) makes = true
    else if (a.is(i, 'ENTRIESREAD') && i + 1 < a.count) {
      entriesRead = a.int(++i)
      if (Number.isNaN(entriesRead)) {
        r.error(replies.notInteger)
        return undefined
      }
      if (entriesRead < 0 && entriesRead !== -1) {
        r.error('ERR value for ENTRIESREAD must be positive or -1')
        return undefined
      }
    } else {
      r.error(`ERR unknown subcommand or wrong number of arguments for '${a.shown(1).slice(0, 128)}'. Try XGROUP HELP.`)
      return undefined
    }
  }
  return { makes, entriesRead }
}

export function xgroupCreate(x: Engine, a: Args, r: Reply): void {
  const options = groupOptions(a, r, true)
  if (options === undefined) return
  let root = streamRoot(x, a, 2, r, true)
  if (root === wrong) return
  if (root === 0 && !options.makes) {
    r.error(
      'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM ' +
      'option to create an empty stream automatically.',
    )
    return
  }
  if (isSign(a, 4, signs.dollar)) {
    if (root === 0) id.setMin()
    else x.stream.open(root).lastId(id)
  } else if (!idArgument(a, 4, id, r)) return
  if (root === 0) {
    root = createStream(x, a, 2)
    x.touch(a.buf, a.start[2]!, a.end[2]!)
  }
  const stream = x.stream.open(root)
  if (x.groups.find(stream.groups, a.buf, a.start[3]!, a.end[3]!) !== 0) {
    r.error('BUSYGROUP Consumer Group name already exists')
    return
  }
  stream.groups = x.groups.createGroup(stream.groups, a.buf, a.start[3]!, a.end[3]!, id, options.entriesRead).root
  groupsChanged(x, a, 2, 'xgroup-create')
  r.ok()
}

export function xgroupSetId(x: Engine, a: Args, r: Reply): void {
  const options = groupOptions(a, r, false)
  if (options === undefined) return
  const found = groupOf(x, a, r)
  if (found === undefined) return
  if (found.group === 0) {
    noGroup(a, r)
    return
  }
  if (isSign(a, 4, signs.dollar)) x.stream.lastId(id)
  else if (!boundArgument(a, 4, id, r, 'min')) return
  x.groups.setLastDelivered(found.group, id)
  x.groups.setEntriesRead(found.group, options.entriesRead)
  groupsChanged(x, a, 2, 'xgroup-setid')
  r.ok()
}

export function xgroupDestroy(x: Engine, a: Args, r: Reply): void {
  const found = groupOf(x, a, r)
  if (found === undefined) return
  if (found.group === 0) {
    r.int(0)
    return
  }
  dropGroup(x, found.group)
  groupsChanged(x, a, 2, 'xgroup-destroy')
  // Whoever waits in this group must hear that it is gone.
  x.ready(a.buf, a.start[2]!, a.end[2]!)
  r.int(1)
}

export function xgroupCreateConsumer(x: Engine, a: Args, r: Reply): void {
  const found = groupOf(x, a, r)
  if (found === undefined) return
  if (found.group === 0) {
    noGroup(a, r)
    return
  }
  if (x.groups.findConsumer(found.group, a.buf, a.start[4]!, a.end[4]!) !== 0) {
    r.int(0)
    return
  }
  x.groups.createConsumer(found.group, a.buf, a.start[4]!, a.end[4]!, x.now)
  groupsChanged(x, a, 2, 'xgroup-createconsumer')
  r.int(1)
}

export function xgroupDelConsumer(x: Engine, a: Args, r: Reply): void {
  const found = groupOf(x, a, r)
  if (found === undefined) return
  if (found.group === 0) {
    noGroup(a, r)
    return
  }
  const consumer = x.groups.findConsumer(found.group, a.buf, a.start[4]!, a.end[4]!)
  if (consumer === 0) {
    r.int(0)
    return
  }
  const pending = x.groups.destroyConsumer(found.group, consumer)
  groupsChanged(x, a, 2, 'xgroup-delconsumer')
  settlePlan(x, a, 2, found.group)
  r.int(pending)
}

export function xgroupHelp(_x: Engine, _a: Args, r: Reply): void {
  help(r, [
    'XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
    'CREATE <key> <groupname> <id|$> [option]',
    '    Create a new consumer group. Options are:',
    '    * MKSTREAM',
    "      Create the empty stream if it does not exist.",
    '    * ENTRIESREAD entries_read',
    "      Set the group's entries_read counter (internal use).",
    'CREATECONSUMER <key> <groupname> <consumer>',
    '    Create a new consumer in the specified group.',
    'DELCONSUMER <key> <groupname> <consumer>',
    '    Remove the specified consumer.',
    'DESTROY <key> <groupname>',
    '    Remove the specified group.',
    'POLICY <key> <groupname> [OFF | option value ...]',
    '    Show or set when pending entries are delivered again. Options are:',
    '    * LEASE milliseconds',
    '    * BACKOFF milliseconds [most-milliseconds [factor]]',
    '    * MAXDELIVERIES count',
    '    * DEADLETTER stream',
    '    * REAP milliseconds',
    '    * ORDERED field',
    '    * KEEPUNACKED yes|no',
    'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
    '    Set the current group ID and entries_read counter.',
    'HELP',
    '    Print this help.',
  ])
}

/** The lines of a HELP subcommand. */
export function help(r: Reply, lines: readonly string[]): void {
  r.array(lines.length)
  for (const line of lines) r.simple(line)
}

export function xack(x: Engine, a: Args, r: Reply): void {
  const root = streamRoot(x, a, 1, r, false)
  if (root === wrong) return
  const group = root === 0 ? 0 : x.groups.find(x.stream.open(root).groups, a.buf, a.start[2]!, a.end[2]!)
  if (group === 0) {
    r.int(0)
    return
  }
  if (!idArguments(a, 3, r)) return
  x.groups.beginRemoval(group)
  let acknowledged = 0
  for (let i = 3; i < a.count; i++) if (x.groups.removeNext(group, idAt(i - 3, id))) acknowledged++
  x.groups.endRemoval(group)
  if (acknowledged > 0) x.changed(acknowledged)
  settlePlan(x, a, 1, group)
  r.int(acknowledged)
}

export function xpending(x: Engine, a: Args, r: Reply): void {
  const summary = a.count === 3
  let at = 3
  let minIdle = 0
  let count = 0
  if (!summary) {
    if (a.count < 6 || a.count > 9) {
      r.error(replies.syntax)
      return
    }
    if (a.is(3, 'IDLE')) {
      minIdle = a.int(4)
      if (Number.isNaN(minIdle)) {
        r.error(replies.notInteger)
        return
      }
      if (a.count < 8) {
        r.error(replies.syntax)
        return
      }
      at = 5
    }
    count = a.int(at + 2)
    if (Number.isNaN(count)) {
      r.error(replies.notInteger)
      return
    }
    if (!intervalArgument(a, at, id, r, 'start') || !intervalArgument(a, at + 1, end, r, 'end')) return
  }
  const root = streamRoot(x, a, 1, r, false)
  if (root === wrong) return
  const group = root === 0 ? 0 : x.groups.find(x.stream.open(root).groups, a.buf, a.start[2]!, a.end[2]!)
  if (group === 0) {
    r.error(`NOGROUP No such key '${a.shown(1)}' or consumer group '${a.shown(2)}'`)
    return
  }
  if (summary) pendingSummary(x, r, group)
  else pendingList(x, a, r, group, at + 3 < a.count ? at + 3 : 0, minIdle, Math.max(0, count))
}

function pendingSummary(x: Engine, r: Reply, group: number): void {
  const all = x.groups.openPending(x.groups.groupPending(group))
  r.array(4)
  r.int(all.count)
  if (!all.first()) {
    r.nil()
    r.nil()
    r.nilArray()
    return
  }
  replyId(r, id.set(all.key(0), all.key(1), all.key(2), all.key(3)))
  all.last()
  replyId(r, id.set(all.key(0), all.key(1), all.key(2), all.key(3)))
  const mark = r.deferred()
  let busy = 0
  for (const consumer of x.groups.present(group)) {
    const pending = x.groups.consumerPendingCount(consumer)
    if (pending === 0) continue
    busy++
    const name = x.groups.consumerName(consumer)
    r.array(2)
    r.bulk(name, 0, name.length)
    r.text(String(pending))
  }
  r.setArray(mark, busy)
}

function pendingList(
  x: Engine, a: Args, r: Reply, group: number, nameAt: number, minIdle: number, count: number,
): void {
  const groups = x.groups
  let root = groups.groupPending(group)
  if (nameAt !== 0) {
    const consumer = groups.findConsumer(group, a.buf, a.start[nameAt]!, a.end[nameAt]!)
    if (consumer === 0) {
      r.array(0)
      return
    }
    root = groups.consumerPending(consumer)
  }
  const pending = groups.openPending(root)
  const mark = r.deferred()
  let found = 0
  let more = count > 0 && pending.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).seek()
  while (more && found < count) {
    id.set(pending.key(0), pending.key(1), pending.key(2), pending.key(3))
    if (id.compare(end) > 0) break
    const idle = Math.max(0, x.now - groups.delivered(pending.value))
    if (idle >= minIdle) {
      const owner = groups.pendingConsumer(pending.value)
      const name = groups.consumerName(owner)
      r.array(4)
      replyId(r, id)
      r.bulk(name, 0, name.length)
      r.int(groups.isNobody(owner) ? -1 : idle)
      replyDeliveries(r, groups.deliveries(pending.value))
      found++
    }
    more = pending.next()
  }
  r.setArray(mark, found)
}
