// XADD's IDMP and IDMPAUTO, XCFGSET, XIDMPRECORD: adding an entry again is found out by the producer's own id for it.
// Semantics: https://redis.io/docs/latest/develop/data-types/streams/idempotency/
//
// XADD logs the entry as any other, and what it stands for by XIDMPRECORD, as Redis 8.8 does; XCFGSET logs itself. A
// log with these two can't be read by an older redis-server: nothing there says the same.

import { createHash } from 'node:crypto'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { idempotenceIdsMax, idempotenceSecondsMax } from '../limits.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { groupsChanged, idArgument, openStream, wordId } from './stream-key.ts'

const contentIdBytes = 16
const id = new StreamId()
const known = new StreamId()

/** Who adds, and under which id; `iid` undefined: it is the content's. */
export type Producer = { pid: Buffer; iid: Buffer | undefined }

/** IDMP or IDMPAUTO at argument i: index of its last argument, -1 when it is neither, -2 after an error reply. */
export function producerOption(a: Args, r: Reply, i: number, into: Producer): number {
  const named = a.is(i, 'IDMP')
  if (!named && !a.is(i, 'IDMPAUTO')) return -1
  const last = i + (named ? 2 : 1)
  if (last >= a.count) {
    r.error(replies.syntax)
    return -2
  }
  into.pid = a.copy(i + 1)
  into.iid = named ? a.copy(i + 2) : undefined
  if (into.pid.length > 0 && into.iid?.length !== 0) return last
  r.error('ERR the producer ID and the idempotent ID must not be empty')
  return -2
}

/** An id of what the arguments from `fields` on say: the same for the same fields and values in the same order. */
export function contentId(a: Args, fields: number): Buffer {
  const hash = createHash('sha256')
  for (let i = fields; i < a.count; i++) {
    hash.update(`${a.size(i)}:`)
    hash.update(a.buf.subarray(a.start[i]!, a.end[i]!))
  }
  return hash.digest().subarray(0, contentIdBytes)
}

/** True, and `into` is the entry's id, when the producer has added it to the open stream before. */
export function isRecorded(x: Engine, pid: Buffer, iid: Buffer, into: StreamId): boolean {
  const records = x.stream.idempotence
  return records !== 0 && x.idempotence.find(records, pid, iid, x.now, into)
}

/** As `isRecorded`, where it is added again: that is counted. */
export function isDuplicate(x: Engine, pid: Buffer, iid: Buffer, into: StreamId): boolean {
  if (!isRecorded(x, pid, iid, into)) return false
  x.idempotence.countDuplicate(x.stream.idempotence)
  return true
}

/** Remembers that the producer's `iid` became the entry `added` of the open stream. */
export function remember(x: Engine, pid: Buffer, iid: Buffer, added: StreamId): void {
  if (x.stream.idempotence === 0) x.stream.idempotence = x.idempotence.create()
  x.idempotence.add(x.stream.idempotence, pid, iid, x.now, added)
}

export function logRemembered(x: Engine, a: Args, pid: Buffer, iid: Buffer, added: StreamId): void {
  x.effect(5)
  x.wordText('XIDMPRECORD')
  x.wordArg(a, 1)
  x.wordBytes(pid, 0, pid.length)
  x.wordBytes(iid, 0, iid.length)
  wordId(x, added)
  x.endEffect()
}

export function xidmprecord(x: Engine, a: Args, r: Reply): void {
  if (!idArgument(a, 4, id, r)) return
  const pid = a.copy(2)
  const iid = a.copy(3)
  if (pid.length === 0 || iid.length === 0) {
    r.error('ERR the producer ID and the idempotent ID must not be empty')
    return
  }
  if (!openStream(x, a, 1, r, true)) return
  // In a log the entry may have been trimmed by the very XADD that this belongs to.
  if (!x.stream.find(id) && !x.replaying) {
    r.error('ERR the stream has no entry with this ID')
    return
  }
  if (isRecorded(x, pid, iid, known)) {
    if (known.compare(id) === 0) r.ok()
    else r.error('ERR the idempotent ID belongs to another entry')
    return
  }
  remember(x, pid, iid, id)
  groupsChanged(x, a, 1, 'xidmprecord')
  r.ok()
}

export function xcfgset(x: Engine, a: Args, r: Reply): void {
  let seconds = -1
  let ids = -1
  for (let i = 2; i < a.count; i += 2) {
    const option = a.is(i, 'IDMP-DURATION') ? 'duration' : a.is(i, 'IDMP-MAXSIZE') ? 'maxsize' : undefined
    if (option === undefined || i + 1 >= a.count) {
      r.error(replies.syntax)
      return
    }
    const value = a.int(i + 1)
    if (!(value >= 1 && value <= (option === 'duration' ? idempotenceSecondsMax : idempotenceIdsMax))) {
      r.error(`ERR invalid ${option}`)
      return
    }
    if (option === 'duration') seconds = value
    else ids = value
  }
  if (seconds < 0 && ids < 0) {
    r.error(replies.syntax)
    return
  }
  if (!openStream(x, a, 1, r, true)) return
  const { stream, idempotence } = x
  const made = stream.idempotence === 0
  if (made) stream.idempotence = idempotence.create()
  const records = stream.idempotence
  const durationSeconds = seconds < 0 ? idempotence.durationSeconds(records) : seconds
  const idsMax = ids < 0 ? idempotence.idsMax(records) : ids
  if (idempotence.configure(records, durationSeconds, idsMax) || made) groupsChanged(x, a, 1, 'xcfgset')
  r.ok()
}
