// Hashes whose fields have deadlines, as Redis 7.4 writes them.
//
//   listpack    earliest deadline (ms, u64), listpack of field, value, deadline (0 for none)
//   hashtable   earliest deadline, count, then for each: deadline − earliest + 1 (0 for none), field, value

import type { Engine } from '../engine.ts'
import { fieldDeadlineMax, hashForms } from '../types/hash.ts'
import { ListpackReader } from './listpack.ts'
import { RdbError } from './rdb-format.ts'
import type { RdbInput } from './rdb-input.ts'

/** Fills `engine.hash`, which is empty. */
export function readDatedHash(engine: Engine, input: RdbInput): void {
  const earliest = input.ms()
  for (let left = input.count(); left > 0; left--) {
    const ahead = input.length()
    const field = input.copy()
    input.string()
    add(engine, field, input.text, input.from, input.to, ahead === 0 ? -1 : earliest + ahead - 1)
  }
  if (engine.hash.total === 0) throw new RdbError('an empty hash')
}

/** Fills `engine.hash`, which is empty. */
export function readDatedListpack(engine: Engine, input: RdbInput): void {
  input.ms()
  input.string()
  const reader = new ListpackReader(input.text, input.from, input.to)
  while (reader.next()) {
    const field = Buffer.from(reader.buf.subarray(reader.from, reader.to))
    reader.expect()
    const value = Buffer.from(reader.buf.subarray(reader.from, reader.to))
    add(engine, field, value, 0, value.length, reader.integer() || -1)
  }
  if (engine.hash.total === 0) throw new RdbError('an empty hash')
}

function add(engine: Engine, field: Buffer, value: Uint8Array, from: number, to: number, deadline: number): void {
  const { hash, settings } = engine
  const long = Math.max(field.length, to - from) > settings.hashPackValueBytesMax
  if (hash.form !== hashForms.hashtable) {
    if (long || hash.total >= settings.hashPackEntriesMax) hash.tabulate()
    else hash.date()
  }
  if (!hash.set(field, 0, field.length, value, from, to)) throw new RdbError('a hash that holds a field twice')
  if (deadline < -1 || deadline > fieldDeadlineMax) throw new RdbError('a deadline out of range')
  if (deadline >= 0) hash.setDeadline(deadline)
}
