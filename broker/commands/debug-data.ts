// DEBUG OBJECT, DIGEST, DIGEST-VALUE, STATE-DIGEST, and what it tells of the layout of a key or a database.

import type { Args } from '../../core/args.ts'
import { serializedLength } from '../../core/checkpoint/dump.ts'
import { datasetDigest, stateDigest, valueDigest } from '../../core/digest.ts'
import type { Engine } from '../../core/engine.ts'
import { replies } from '../../core/errors.ts'
import { accessOf, blockBytes, formOf, keyLength, rootOf, typeOf, types } from '../../core/keyspace/entry.ts'
import type { Keyspace } from '../../core/keyspace/keyspace.ts'
import type { Reply } from '../../core/reply.ts'
import { stringEncoding } from '../../core/types/string.ts'
import { opsOf } from '../../core/types/types.ts'
import type { ServeHandler } from '../command.ts'
import type { Connection } from '../connection.ts'

const clockMask = 0xffffff

export function debugObject(c: Connection, a: Args, r: Reply): void {
  const x = c.broker.engine
  const entry = entryOf(c, a)
  if (entry === 0) return r.error(replies.noSuchKey)
  const access = accessOf(x.arena, entry)
  const encoding = encodingOf(x.dbs[c.db]!, entry)
  const bytes = serializedLength(x, entry)
  r.simple(`Value at:0x${entry.toString(16)} refcount:1 encoding:${encoding} serializedlength:${bytes} `
    + `lru:${access} lru_seconds_idle:${(x.accessSeconds - access) & clockMask}`
    + (encoding === 'quicklist' ? quicklistFacts(x, entry) : ''))
}

function quicklistFacts(x: Engine, entry: number): string {
  const { settings } = x
  const list = x.list.open(rootOf(x.arena, entry), formOf(x.arena, entry))
  return ` ql_nodes:${list.nodes} ql_avg_node:${(list.length / list.nodes).toFixed(2)} `
    + `ql_listpack_max:${settings.listPackSize} ql_compressed:${settings.listCompressDepth > 0 ? 1 : 0} `
    + `ql_uncompressed_size:${list.plainBytes()}`
}

/** The entry of the key that is argument i, 0 when there is none. */
function entryOf(c: Connection, a: Args, i = 2): number {
  const db = c.broker.engine.dbs[c.db]!
  const [from, to] = [a.start[i]!, a.end[i]!]
  return db.peek(a.buf, from, to, db.hash(a.buf, from, to))
}

/** Lengths of a string's key and value; both stand in one block, which has no room to spare. */
export function debugSdslen(c: Connection, a: Args, r: Reply): void {
  const { arena } = c.broker.engine
  const entry = entryOf(c, a)
  if (entry === 0) return r.error(replies.noSuchKey)
  if (typeOf(arena, entry) !== types.string) return r.error('ERR Not an sds encoded string.')
  const [key, value] = [keyLength(arena, entry), rootOf(arena, entry)]
  r.simple(`key_sds_len:${key}, key_sds_avail:0, key_zmalloc: ${blockBytes(key, 0, false)}, `
    + `val_sds_len:${value}, val_sds_avail:0, val_zmalloc: ${value}`)
}

/** Redis prints the insides of such a value to its standard output; here only the encoding is looked at. */
export function debugEncoding(encoding: 'listpack' | 'quicklist'): ServeHandler {
  return (c, a, r) => {
    const entry = entryOf(c, a)
    if (entry === 0) return r.error(replies.noSuchKey)
    const found = encodingOf(c.broker.engine.dbs[c.db]!, entry)
    // A listpack with deadlines counts as one.
    if (found.replace(/ex$/, '') !== encoding) return r.error(`ERR Not a ${encoding} encoded object.`)
    r.simple(`${encoding === 'listpack' ? 'Listpack' : 'Quicklist'} structure printed on stdout`)
  }
}

export function debugHashTable(c: Connection, a: Args, r: Reply): void {
  const { dbs } = c.broker.engine
  const index = a.int(2)
  if (Number.isNaN(index)) return r.error(replies.notInteger)
  const db = dbs[index]
  if (db === undefined) return r.error('ERR Out of range database')
  r.verbatim('txt', `[Dictionary HT]\n number of elements: ${db.count}\n table bytes: ${db.dict.memoryBytes()}\n`)
}

export function debugHashTableOfKey(c: Connection, a: Args, r: Reply): void {
  const x = c.broker.engine
  const entry = entryOf(c, a)
  if (entry === 0) return r.error(replies.noSuchKey)
  const encoding = encodingOf(x.dbs[c.db]!, entry)
  if (encoding !== 'hashtable' && encoding !== 'skiplist') {
    return r.error('ERR The value stored at the specified key is not represented using an hash table')
  }
  const bytes = opsOf(typeOf(x.arena, entry)).memoryBytes(x, rootOf(x.arena, entry), formOf(x.arena, entry))
  r.verbatim('txt', `[Dictionary HT]\n value bytes: ${bytes}\n`)
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
  r.array(a.count - 2)
  for (let i = 2; i < a.count; i++) r.simple(valueDigest(c.broker.engine, entryOf(c, a, i)))
}
