// What the key space and the digests need of a set.

import { hash } from 'node:crypto'
import { byteOf, chunkOf } from '../arena/arena.ts'
import { DictWalk } from '../arena/dict-walk.ts'
import type { Engine } from '../engine.ts'
import { setForms } from './set.ts'
import type { TypeOps } from './types.ts'

const sha256Bytes = 32
/** Of a larger hashtable only so many members are measured, and stand for all: which they are is random. */
const measuredMembersMax = 10_000

const encodings = { [setForms.intset]: 'intset', [setForms.pack]: 'listpack', [setForms.dict]: 'hashtable' } as const

export const setOps: TypeOps = {
  free(engine, root, form) {
    engine.sets.one.open(root, form).free()
  },

  copy(engine, root, form) {
    const { arena } = engine
    if (form === setForms.dict) {
      const source = engine.sets.one.open(root, form)
      const target = engine.sets.result.create(setForms.dict, source.size)
      for (let more = source.firstPlace(); more; more = source.nextPlace()) target.addAbsentCurrentOf(source)
      return target.root
    }
    if (root === 0) return 0
    const bytes = arena.usableBytes(root)
    const target = arena.alloc(bytes)
    arena.u8[chunkOf(root)]!.copy(arena.u8[chunkOf(target)]!, byteOf(target), byteOf(root), byteOf(root) + bytes)
    return target
  },

  memoryBytes(engine, root, form) {
    if (form !== setForms.dict) return root === 0 ? 0 : engine.arena.usableBytes(root)
    const { dict } = engine.sets.one.open(root, form)
    const walk = new DictWalk(engine.arena)
    walk.start(root)
    let bytes = 0
    let measured = 0
    for (let member = walk.next(); member !== 0 && measured < measuredMembersMax; member = walk.next()) {
      bytes += engine.arena.usableBytes(member)
      measured++
    }
    return dict.memoryBytes() + (measured === 0 ? 0 : Math.round((bytes / measured) * dict.count))
  },

  encoding: (_engine, _root, form) => encodings[form as keyof typeof encodings],

  /** Members have no order: their hashes are xored. */
  digest(engine, root, add, form) {
    const set = engine.sets.one.open(root, form)
    const total = Buffer.alloc(sha256Bytes)
    for (let more = set.first(); more; more = set.next()) {
      const own = hash('sha256', set.buf.subarray(set.from, set.to), 'buffer')
      for (let i = 0; i < sha256Bytes; i++) total[i] = total[i]! ^ own[i]!
    }
    add(Buffer.from(String(set.size)))
    add(total)
  },

  mix(engine, root, mixer, form) {
    const set = engine.sets.one.open(root, form)
    for (let more = set.first(); more; more = set.next()) mixer.xor(set.buf.subarray(set.from, set.to))
  },

  freeSome(engine, root, entries, form) {
    const set = engine.sets.one.open(root, form)
    if (form !== setForms.dict) {
      set.free()
      return 0
    }
    return freeMembers(engine, root, entries) ? 0 : root
  },
}

function freeMembers(engine: Engine, root: number, entries: number): boolean {
  const { arena } = engine
  return engine.sets.one.dict.open(root).destroySome(entries, (member) => arena.free(member))
}
