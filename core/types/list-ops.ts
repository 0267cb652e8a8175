// What the key space and the digests need of a list.

import { listForms } from './list-ends.ts'
import type { TypeOps } from './types.ts'

export const listOps: TypeOps = {
  free(engine, root, form) {
    engine.list.open(root, form).free()
  },

  copy: (engine, root, form) => engine.list.open(root, form).copy(),

  memoryBytes: (engine, root, form) => engine.list.open(root, form).memoryBytes(),

  encoding: (_engine, _root, form) => form === listForms.listpack ? 'listpack' : 'quicklist',

  digest(engine, root, add, form) {
    engine.list.open(root, form).each((buf, from, to) => add(Buffer.from(buf.subarray(from, to))))
  },

  mix(engine, root, mixer, form) {
    engine.list.open(root, form).each((buf, from, to) => mixer.mix(buf.subarray(from, to)))
  },

  freeSome(engine, root, entries, form) {
    const list = engine.list.open(root, form)
    list.freeSome(entries)
    return list.root
  },
}
