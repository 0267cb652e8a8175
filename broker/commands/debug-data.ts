// DEBUG OBJECT, DIGEST, DIGEST-VALUE and STATE-DIGEST.

import type { Args } from '../../core/args.ts'
import { datasetDigest, stateDigest, valueDigest } from '../../core/digest.ts'
import { replies } from '../../core/errors.ts'
import { accessOf, formOf, rootOf, typeOf, types } from '../../core/keyspace/entry.ts'
import type { Keyspace } from '../../core/keyspace/keyspace.ts'
import type { Reply } from '../../core/reply.ts'
import { stringEncoding } from '../../core/types/string.ts'
import { opsOf } from '../../core/types/types.ts'
import type { Connection } from '../connection.ts'

const clockMask = 0xffffff

export function debugObject(c: Connection, a: Args, r: Reply): void {
  const x = c.broker.engine
  const db = x.dbs[c.db]!
  const [from, to] = [a.start[2]!, a.end[2]!]
  const entry = db.peek(a.buf, from, to, db.hash(a.buf, from, to))
  if (entry === 0) return r.error(replies.noSuchKey)
  const access = accessOf(x.arena, entry)
  const type = typeOf(x.arena, entry)
  const root = rootOf(x.arena, entry)
  const bytes = type === types.string ? root : opsOf(type).memoryBytes(x, root, formOf(x.arena, entry))
  r.simple(`Value at:0x${entry.toString(16)} refcount:1 encoding:${encodingOf(db, entry)} serializedlength:${bytes} `
    + `lru:${access} lru_seconds_idle:${(x.accessSeconds - access) & clockMask}`)
}

function encodingOf(db: Keyspace, entry: number): string {
  const type = typeOf(db.arena, entry)
  if (type === types.string) return stringEncoding(db.arena, entry)
  return opsOf(type).encoding(db.engine, rootOf(db.arena, entry), formOf(db.arena, entry))
}

export function digestAll(c: Connection, _: Args, r: Reply): void {
  r.simple(datasetDigest(c.broker.engine))
}

export function digestState(c: Connection, _: Args, r: Reply): void {
  r.simple(stateDigest(c.broker.engine))
}

export function digestKeys(c: Connection, a: Args, r: Reply): void {
  const db = c.broker.engine.dbs[c.db]!
  r.array(a.count - 2)
  for (let i = 2; i < a.count; i++) {
    const [from, to] = [a.start[i]!, a.end[i]!]
    const entry = db.peek(a.buf, from, to, db.hash(a.buf, from, to))
    r.simple(valueDigest(c.broker.engine, entry))
  }
}
