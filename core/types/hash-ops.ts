// What the key space and the digests need of a hash.

import type { Engine } from '../engine.ts'
import type { Form } from '../keyspace/entry.ts'
import { hashEncodings, hashForms } from './hash.ts'
import type { TypeOps } from './types.ts'

const expiryMark = Buffer.from('!!hexpire!!')

export const hashOps: TypeOps = {
  free(engine, root, form) {
    if (form === hashForms.hashtable) engine.hash.table.open(root).free()
    else engine.hash.pack.open(root).clear()
  },

  copy(engine, root, form) {
    return form === hashForms.hashtable ? engine.hash.table.open(root).copy() : engine.hash.pack.open(root).copy()
  },

  memoryBytes(engine, root, form) {
    if (form === hashForms.hashtable) return engine.hash.table.open(root).memoryBytes()
    return engine.hash.pack.open(root).memoryBytes()
  },

  encoding: (_engine, _root, form) => hashEncodings[form],

  /** Fields in the order of their bytes, hidden ones among them: they are in the log until their HDEL is. */
  digest(engine, root, add, form) {
    const fields = [...allFields(engine, root, form)].toSorted((a, b) => Buffer.compare(a[0], b[0]))
    for (const [field, value, deadlineMs] of fields) {
      add(field)
      add(value)
      add(Buffer.from(String(deadlineMs)))
    }
  },

  mix(engine, root, mixer, form) {
    for (const [field, value, deadlineMs] of allFields(engine, root, form)) {
      mixer.xorMixed([field, value], deadlineMs >= 0 ? expiryMark : undefined)
    }
  },

  freeSome(engine, root, entries, form) {
    if (form === hashForms.hashtable) return engine.hash.table.open(root).freeSome(entries) ? 0 : root
    engine.hash.pack.open(root).clear()
    return 0
  },

  earliest(engine, root, form) {
    return engine.hash.earliestOf(root, form)
  },
}

function allFields(engine: Engine, root: number, form: Form): [Buffer, Buffer, number][] {
  const fields: [Buffer, Buffer, number][] = []
  engine.hash.open(root, form, -1).each((field, from, to, value, start, end, deadlineMs) => {
    fields.push([Buffer.from(field.subarray(from, to)), Buffer.from(value.subarray(start, end)), deadlineMs])
  })
  return fields
}
