// XRANGE, XREVRANGE.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { intervalArgument, replyEntry, streamRoot, wrong } from './stream-key.ts'

const from = new StreamId()
const to = new StreamId()

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
