// LMOVE RPOPLPUSH, and as blocking ones BLMOVE BRPOPLPUSH: from one list to another, or around one.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { formOf, rootOf, typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { listForms } from '../types/list-ends.ts'
import { copyBytes } from '../types/string.ts'
import { timeoutArgument } from './block-timeout.ts'
import { elementsWent, endArgument, popEvent, pushEvent, saveList } from './list-key.ts'

/** The element on its way; longer ones get a buffer of their own. */
const usualBytes = 4096
const usual = Buffer.alloc(usualBytes)

export function lmove(x: Engine, a: Args, r: Reply): void {
  const from = endArgument(a, 3)
  const to = endArgument(a, 4)
  if (from === undefined || to === undefined) r.error(replies.syntax)
  else if (move(x, a, r, from, to) === 'empty') r.nil()
}

export function rpoplpush(x: Engine, a: Args, r: Reply): void {
  if (move(x, a, r, false, true) === 'empty') r.nil()
}

export function blmove(x: Engine, a: Args, r: Reply): void {
  const from = endArgument(a, 3)
  const to = endArgument(a, 4)
  if (from === undefined || to === undefined) r.error(replies.syntax)
  else moveOrWait(x, a, r, from, to, 5)
}

export function brpoplpush(x: Engine, a: Args, r: Reply): void {
  moveOrWait(x, a, r, false, true, 3)
}

function moveOrWait(x: Engine, a: Args, r: Reply, from: boolean, to: boolean, timeout: number): void {
  const timeoutMs = timeoutArgument(a, timeout, r, x.now)
  if (timeoutMs < 0) return
  const outcome = move(x, a, r, from, to)
  if (outcome === 'moved') {
    x.effect(5)
    x.wordText('LMOVE')
    x.wordArg(a, 1)
    x.wordArg(a, 2)
    x.wordText(from ? 'LEFT' : 'RIGHT')
    x.wordText(to ? 'LEFT' : 'RIGHT')
    x.endEffect()
  } else if (outcome === 'empty') {
    if (!x.session.mayBlock) r.nil()
    else {
      // The time's end is answered as Redis does, with a null array.
      x.block = {
        keys: [a.copy(1)], type: types.list, timeoutMs, retry: a.detach(), nil: 'array', wakeOnDelete: false,
      }
    }
  }
}

/** Moves an element from the list at argument 1 to that at argument 2, and answers with it. */
function move(x: Engine, a: Args, r: Reply, from: boolean, to: boolean): 'moved' | 'empty' | 'refused' {
  const { buf, start, end } = a
  const { db, list, arena } = x
  const hash = db.hash(buf, start[1]!, end[1]!)
  const source = db.lookupWrite(buf, start[1]!, end[1]!, hash)
  if (source === 0) return 'empty'
  if (typeOf(arena, source) !== types.list) {
    r.error(replies.wrongType)
    return 'refused'
  }
  const targetHash = db.hash(buf, start[2]!, end[2]!)
  let target = db.lookupWrite(buf, start[2]!, end[2]!, targetHash)
  if (target !== 0 && typeOf(arena, target) !== types.list) {
    r.error(replies.wrongType)
    return 'refused'
  }

  // Only now: a look-up that finds its list due opens it, to free it.
  list.open(rootOf(arena, source), formOf(arena, source))
  list.readEnd(from)
  const { value } = list
  const size = value.to - value.from
  const element = size > usualBytes ? Buffer.allocUnsafeSlow(size) : usual
  copyBytes(element, 0, value.buf, value.from, value.to)
  list.dropEnd(from)
  const around = target === source
  const fresh = target === 0
  if (!around) {
    saveList(x, source)
    if (fresh) {
      target = db.create(types.list, buf, start[2]!, end[2]!, targetHash)
      list.open(0, listForms.listpack)
    } else list.open(rootOf(arena, target), formOf(arena, target))
  }
  list.expect(size, 1)
  list.push(to, element, 0, size)
  saveList(x, target)
  x.changed()
  x.touch(buf, start[2]!, end[2]!)
  x.notify('l', pushEvent(to), buf, start[2]!, end[2]!)
  if (fresh) x.ready(buf, start[2]!, end[2]!)
  if (around) x.notify('l', popEvent(from), buf, start[1]!, end[1]!)
  else {
    list.open(rootOf(arena, source), formOf(arena, source))
    elementsWent(x, a, 1, source, hash, popEvent(from))
  }
  r.bulk(element, 0, size)
  return 'moved'
}
