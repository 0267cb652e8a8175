// How XREAD and XREADGROUP wait.

import { Args, frameWords } from '../args.ts'
import type { Block, Engine } from '../engine.ts'
import { types } from '../keyspace/entry.ts'
import { claimAgainMsMin } from '../limits.ts'
import { StreamId } from '../types/stream-id.ts'
import { isSign, signs } from './stream-key.ts'
import { groupAt, read } from './stream-read-options.ts'

const last = new StreamId()

/** The client waits for its keys; the command it runs then has its `$` and `+` made concrete. */
export function blockRequest(x: Engine, a: Args, grouped: boolean): Block {
  const keys: Buffer[] = []
  for (let s = 0; s < read.streams; s++) keys.push(a.copy(read.keys + s))
  const words: Buffer[] = []
  for (let i = 0; i < a.count; i++) {
    const isId = i >= read.keys + read.streams
    const isLast = isId && !grouped && (isSign(a, i, signs.dollar) || isSign(a, i, signs.plus))
    words.push(isLast ? lastIdOf(x, a, i) : a.copy(i))
  }
  const block: Block = {
    keys, type: types.stream, timeoutMs: read.blockMs, retry: frameWords(new Args(a.count), words), nil: 'array',
    wakeOnDelete: grouped,
  }
  if (grouped) {
    block.rivals = a.text(read.group)
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
    // A lease alone says what is delivered again, and whoever waits is told.
    if (read.claimMs < 0 || (policy !== 0 && x.groups.plans.leaseMs(policy) > 0)) continue
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
