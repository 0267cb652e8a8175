// A digest of what the views hold: the same for the same data, whatever the order of arrival, the hash seed or the
// addresses were. Two engines agree in all keys, values and deadlines exactly when (but for chance) their digests do.
//
//   key's digest    SHA-1 of  type ┆ deadline ┆ the value's parts, each behind its length
//   views' digest   the XOR, over all keys, of SHA-1 of  database ┆ key ┆ key's digest

import { createHash } from 'node:crypto'
import { chunkOf } from '../arena/arena.ts'
import type { Engine } from '../engine.ts'
import { opsOf } from '../types/types.ts'
import { deadlineOf, keyOf, rootOf, typeOf, types, valueStart } from './entry.ts'
import type { Keyspace } from './keyspace.ts'

export const digestBytes = 20

/** SHA-1 over the type, the deadline and the value at an entry; the key itself is left out. */
export function digestOfKey(db: Keyspace, entry: number): Buffer {
  const { arena } = db
  const type = typeOf(arena, entry)
  const hash = createHash('sha1')
  hash.update(`${type} ${deadlineOf(arena, entry)} `)
  if (type === types.string) {
    const from = valueStart(arena, entry)
    hash.update(arena.u8[chunkOf(entry)]!.subarray(from, from + rootOf(arena, entry)))
  } else {
    opsOf(type).digest(db.engine, rootOf(arena, entry), (part) => {
      hash.update(`${part.length}:`)
      hash.update(part)
    })
  }
  return hash.digest()
}

/** The digest of all databases; twenty zero bytes when they are empty. */
export function digestOfViews(engine: Engine): Buffer {
  const sum = Buffer.alloc(digestBytes)
  for (const db of engine.dbs) {
    for (let cursor = 0; ;) {
      cursor = db.dict.scan(cursor, 1024, (entry) => {
        const one = createHash('sha1').update(`${db.index} `).update(keyOf(db.arena, entry))
          .update(digestOfKey(db, entry)).digest()
        for (let i = 0; i < digestBytes; i++) sum[i]! ^= one[i]!
      })
      if (cursor === 0) break
    }
  }
  return sum
}
