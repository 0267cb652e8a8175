// What the key space and the digests need of a sorted set.

import { formatDouble17 } from '../double.ts'
import type { Engine } from '../engine.ts'
import type { Form } from '../keyspace/entry.ts'
import type { TypeOps } from './types.ts'
import { packed } from './zset.ts'

const scoreBytes = Buffer.alloc(8)

export const zsetOps: TypeOps = {
  free(engine, root, form) {
    engine.zset.open(root, form).free()
  },

  copy(engine, root, form) {
    const source = engine.zset.open(root, form)
    const target = engine.zsetResult.create(form)
    for (let more = source.first(); more; more = source.next()) {
      source.read()
      target.find(source.buf, source.from, source.to)
      target.insert(source.score, source.buf, source.from, source.to, Infinity, Infinity)
    }
    return target.root
  },

  memoryBytes: (engine, root, form) => engine.zset.open(root, form).memoryBytes(),

  encoding: (_, _root, form) => (form === packed ? 'listpack' : 'skiplist'),

  digest(engine, root, add, form) {
    each(engine, root, form, (member, score) => {
      add(member)
      // Only one of the encodings keeps the sign of a zero.
      scoreBytes.writeDoubleLE(score === 0 ? 0 : score)
      add(scoreBytes)
    })
  },

  mix(engine, root, mixer, form) {
    each(engine, root, form, (member, score) => mixer.xorMixed([member, Buffer.from(formatDouble17(score))]))
  },

  freeSome: (engine, root, entries, form) => (engine.zset.open(root, form).freeSome(entries) ? 0 : root),
}

/** Gives `visit` each member, as a view for the length of the call, and its score, in order. */
function each(engine: Engine, root: number, form: Form, visit: (member: Buffer, score: number) => void): void {
  const zset = engine.zset.open(root, form)
  for (let more = zset.first(); more; more = zset.next()) {
    zset.read()
    visit(Buffer.from(zset.buf.subarray(zset.from, zset.to)), zset.score)
  }
}
