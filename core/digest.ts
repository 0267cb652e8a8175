// Digests of the data: `stateDigest` over everything that the log must reproduce, and those of DEBUG DIGEST and
// DEBUG DIGEST-VALUE, which agree with redis-server's for the same data (its groups and counters are not in them).

import { createHash } from 'node:crypto'
import type { Engine } from './engine.ts'
import { deadlineOf, exactDeadlineOf, formOf, keyOf, rootOf, typeOf, types } from './keyspace/entry.ts'
import { stringValue } from './types/string.ts'
import { opsOf } from './types/types.ts'
import type { Mixer } from './types/types.ts'

const sha1Bytes = 20
const sha256Bytes = 32
const expiryMark = Buffer.from('!!expire!!')

function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest()
}

/** Order among what is xored doesn't count. */
export function xorInto(digest: Buffer, other: Buffer): void {
  for (let i = 0; i < digest.length; i++) digest[i] = digest[i]! ^ other[i]!
}

/** Order among what is mixed counts. */
function mixInto(digest: Buffer, bytes: Uint8Array): void {
  xorInto(digest, sha1(bytes))
  sha1(digest).copy(digest)
}

function u32be(n: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(n)
  return bytes
}

function mixerOf(digest: Buffer): Mixer {
  return {
    mix: (bytes) => mixInto(digest, bytes),
    xor: (bytes) => xorInto(digest, sha1(bytes)),
    xorMixed(parts, mark) {
      const own = Buffer.alloc(sha1Bytes)
      for (const part of parts) mixInto(own, part)
      if (mark !== undefined) xorInto(own, sha1(mark))
      xorInto(digest, sha1(own))
    },
  }
}

/** Mixes what an entry holds, without its key, as redis-server does. */
function mixValue(engine: Engine, entry: number, digest: Buffer): void {
  const { arena } = engine
  const type = typeOf(arena, entry)
  mixInto(digest, u32be(type))
  if (type === types.string) mixInto(digest, stringValue(arena, entry))
  else opsOf(type).mix(engine, rootOf(arena, entry), mixerOf(digest), formOf(arena, entry))
  if (deadlineOf(arena, entry) >= 0) xorInto(digest, sha1(expiryMark))
}

/** DEBUG DIGEST-VALUE of one entry, in hex; 0 is an absent key. */
export function valueDigest(engine: Engine, entry: number): string {
  const digest = Buffer.alloc(sha1Bytes)
  if (entry !== 0) mixValue(engine, entry, digest)
  return digest.toString('hex')
}

/** DEBUG DIGEST of all databases, in hex; forty zeros when there is no key. */
export function datasetDigest(engine: Engine): string {
  const total = Buffer.alloc(sha1Bytes)
  const one = Buffer.alloc(sha1Bytes)
  for (const db of engine.dbs) {
    if (db.count === 0) continue
    mixInto(total, u32be(db.index))
    db.dict.each((entry) => {
      one.fill(0)
      mixInto(one, keyOf(engine.arena, entry))
      mixValue(engine, entry, one)
      xorInto(total, sha1(one))
    })
  }
  return total.toString('hex')
}

/**
 * Digest in hex of the whole state: keys, values with their groups and counters, deadlines, by database, and the
 * libraries of functions. Whatever order
 * or memory they came to, and whatever the seed of the hashes, equal states have equal digests. Access times and how
 * strings were built are no part of it: the log doesn't keep them.
 */
export function stateDigest(engine: Engine): string {
  const total = Buffer.alloc(sha256Bytes)
  for (const db of engine.dbs) db.dict.each((entry) => xorInto(total, entryDigest(engine, db.index, entry)))
  for (const [name, source] of engine.libraries.byName) xorInto(total, libraryDigest(name, source))
  return total.toString('hex')
}

/** What an entry of database `index` gives to the digest of the whole state. */
export function entryDigest(engine: Engine, index: number, entry: number): Buffer {
  const { arena } = engine
  const hash = createHash('sha256')
  // Each part goes in with its length, so that no two different lists of parts read the same.
  const add = (bytes: Uint8Array): void => {
    hash.update(u32be(bytes.length))
    hash.update(bytes)
  }
  const type = typeOf(arena, entry)
  add(Buffer.from(`${index} ${type} ${exactDeadlineOf(arena, entry)}`))
  add(keyOf(arena, entry))
  if (type === types.string) add(stringValue(arena, entry))
  else opsOf(type).digest(engine, rootOf(arena, entry), add, formOf(arena, entry))
  return hash.digest()
}

export function libraryDigest(name: string, source: string): Buffer {
  const hash = createHash('sha256')
  for (const text of ['library', name, source]) {
    hash.update(u32be(text.length))
    hash.update(text, 'latin1')
  }
  return hash.digest()
}
