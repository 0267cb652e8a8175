// XINFO: what a stream, its groups and its consumers look like from outside.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { lagOf, replyDeliveries, unknownCount } from './stream-delivery.ts'
import { help } from './stream-group.ts'
import { replyPolicy } from './stream-policy.ts'
import { trimHolder } from './stream-trim.ts'
import { openStream, replyEntry, replyId } from './stream-key.ts'

const id = new StreamId()

function countOrNil(r: Reply, count: number): void {
  if (count === unknownCount) r.nil()
  else r.int(count)
}

function replyLag(x: Engine, r: Reply, group: number): void {
  const lag = lagOf(x, group)
  if (lag === undefined) r.nil()
  else r.int(lag)
}

function replyName(r: Reply, name: Buffer): void {
  r.bulk(name, 0, name.length)
}

export function xinfoStream(x: Engine, a: Args, r: Reply): void {
  if (!openStream(x, a, 2, r, false)) return
  const full = a.count > 3
  let count = 10
  if (full) {
    const counted = a.count === 6 && a.is(4, 'COUNT')
    if (!a.is(3, 'FULL') || (a.count !== 4 && !counted)) {
      r.error(`ERR unknown subcommand or wrong number of arguments for '${a.shown(1)}'. Try XINFO HELP.`)
      return
    }
    if (counted) count = a.int(5)
    if (Number.isNaN(count)) {
      r.error(replies.notInteger)
      return
    }
    if (count < 0) count = 10
  }
  const stream = x.stream
  const producers = stream.idempotence
  const holder = stream.keepers === 0 ? undefined : trimHolder(x)
  r.map((full ? 9 : 10) + (producers === 0 ? 0 : 6) + (holder === undefined ? 0 : 2))
  r.text('length')
  r.int(stream.length)
  r.text('radix-tree-keys')
  const blocks = stream.blockCount
  r.int(blocks)
  r.text('radix-tree-nodes')
  r.int(blocks + 1)
  r.text('last-generated-id')
  replyId(r, stream.lastId(id))
  r.text('max-deleted-entry-id')
  replyId(r, stream.maxDeletedId(id))
  r.text('entries-added')
  r.int(stream.entriesAdded)
  r.text('recorded-first-entry-id')
  replyId(r, stream.firstId(id))
  if (producers !== 0) producerState(x, r, producers)
  if (holder !== undefined) {
    r.text('trim-held-by')
    replyName(r, x.groups.groupName(holder.group))
    r.text('trim-held-from')
    replyId(r, holder.from)
  }
  if (full) fullState(x, r, count)
  else {
    r.text('groups')
    r.int(x.groups.count(stream.groups))
    r.text('first-entry')
    if (stream.first()) replyEntry(x, r)
    else r.nil()
    r.text('last-entry')
    if (stream.last()) replyEntry(x, r)
    else r.nil()
  }
}

/** What is shown of a stream that remembers ids of producers. */
function producerState(x: Engine, r: Reply, root: number): void {
  const { idempotence } = x
  r.text('idmp-duration')
  r.int(idempotence.durationSeconds(root))
  r.text('idmp-maxsize')
  r.int(idempotence.idsMax(root))
  r.text('pids-tracked')
  r.int(idempotence.producers(root))
  r.text('iids-tracked')
  r.int(idempotence.records(root))
  r.text('iids-added')
  r.int(idempotence.added(root))
  r.text('iids-duplicates')
  r.int(idempotence.duplicates(root))
}

function fullState(x: Engine, r: Reply, count: number): void {
  const { stream } = x
  const most = count === 0 ? Infinity : count
  r.text('entries')
  const mark = r.deferred()
  let shown = 0
  for (let more = stream.first(); more && shown < most; more = stream.forward(), shown++) replyEntry(x, r)
  r.setArray(mark, shown)
  replyFullGroups(x, r, most, replyLag)
}

/** The groups of the open stream with all that is pending, at most `most` entries of each group and consumer. */
export function replyFullGroups(x: Engine, r: Reply, most: number, lag: LagReply): void {
  const { stream, groups } = x
  r.text('groups')
  const all = groups.list(stream.groups)
  r.array(all.length)
  for (const group of all) {
    const released = groups.releasedCount(group)
    r.map(released === 0 ? 7 : 8)
    r.text('name')
    replyName(r, groups.groupName(group))
    r.text('last-delivered-id')
    replyId(r, groups.lastDelivered(group, id))
    r.text('entries-read')
    countOrNil(r, groups.entriesRead(group))
    r.text('lag')
    lag(x, r, group)
    r.text('pel-count')
    r.int(groups.groupPendingCount(group))
    if (released > 0) {
      r.text('nacked-count')
      r.int(released)
    }
    r.text('pending')
    fullPending(x, r, groups.groupPending(group), most, true)
    r.text('consumers')
    const consumers = groups.present(group)
    r.array(consumers.length)
    for (const consumer of consumers) {
      r.map(5)
      r.text('name')
      replyName(r, groups.consumerName(consumer))
      r.text('seen-time')
      r.int(groups.seen(consumer))
      r.text('active-time')
      r.int(groups.active(consumer))
      r.text('pel-count')
      r.int(groups.consumerPendingCount(consumer))
      r.text('pending')
      fullPending(x, r, groups.consumerPending(consumer), most, false)
    }
  }
}

function fullPending(x: Engine, r: Reply, root: number, most: number, withConsumer: boolean): void {
  const { groups } = x
  const pending = groups.openPending(root)
  const mark = r.deferred()
  let shown = 0
  for (let more = pending.first(); more && shown < most; more = pending.next(), shown++) {
    r.array(withConsumer ? 4 : 3)
    replyId(r, id.set(pending.key(0), pending.key(1), pending.key(2), pending.key(3)))
    if (withConsumer) replyName(r, groups.consumerName(groups.pendingConsumer(pending.value)))
    r.int(groups.delivered(pending.value))
    replyDeliveries(r, groups.deliveries(pending.value))
  }
  r.setArray(mark, shown)
}

export function xinfoGroups(x: Engine, a: Args, r: Reply): void {
  if (openStream(x, a, 2, r, false)) replyGroups(x, r, replyLag)
}

/** How far a group is behind, as a reply. */
export type LagReply = (x: Engine, r: Reply, group: number) => void

/** The groups of the open stream. */
export function replyGroups(x: Engine, r: Reply, lag: LagReply): void {
  const { stream, groups } = x
  const all = groups.list(stream.groups)
  r.array(all.length)
  for (const group of all) {
    const policy = groups.policy(group)
    r.map(policy === 0 ? 6 : 10)
    r.text('name')
    replyName(r, groups.groupName(group))
    r.text('consumers')
    r.int(groups.presentCount(group))
    r.text('pending')
    r.int(groups.groupPendingCount(group))
    r.text('last-delivered-id')
    replyId(r, groups.lastDelivered(group, id))
    r.text('entries-read')
    countOrNil(r, groups.entriesRead(group))
    r.text('lag')
    lag(x, r, group)
    if (policy !== 0) replyPlan(x, r, policy)
  }
}

/** The group's policy, and how many of its pending entries are where. */
function replyPlan(x: Engine, r: Reply, policy: number): void {
  const { plans } = x.groups
  r.text('policy')
  replyPolicy(r, plans.read(policy))
  r.text('due')
  r.int(plans.againBy(policy, x.now))
  r.text('held')
  r.int(plans.held(policy))
  r.text('next-due')
  const next = plans.firstAgainAfter(policy, x.now)
  if (next === 0) r.nil()
  else r.int(plans.due(next))
}

export function xinfoConsumers(x: Engine, a: Args, r: Reply): void {
  if (!openStream(x, a, 2, r, false)) return
  const { stream, groups } = x
  const group = groups.find(stream.groups, a.buf, a.start[3]!, a.end[3]!)
  if (group === 0) {
    r.error(`NOGROUP No such consumer group '${a.shown(3)}' for key name '${a.shown(2)}'`)
    return
  }
  const consumers = groups.present(group)
  r.array(consumers.length)
  for (const consumer of consumers) {
    const active = groups.active(consumer)
    r.map(4)
    r.text('name')
    replyName(r, groups.consumerName(consumer))
    r.text('pending')
    r.int(groups.consumerPendingCount(consumer))
    r.text('idle')
    r.int(Math.max(0, x.now - groups.seen(consumer)))
    r.text('inactive')
    r.int(active < 0 ? -1 : Math.max(0, x.now - active))
  }
}

export function xinfoHelp(_x: Engine, _a: Args, r: Reply): void {
  help(r, [
    'XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
    'CONSUMERS <key> <groupname>',
    '    Show consumers of <groupname>.',
    'GROUPS <key>',
    '    Show the stream consumer groups.',
    'STREAM <key> [FULL [COUNT <count>]',
    '    Show information about the stream.',
    'HELP',
    '    Print this help.',
  ])
}
