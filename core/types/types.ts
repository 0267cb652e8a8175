// What the key space must be able to do with a value of any type, without knowing the type.

import type { Engine } from '../engine.ts'
import { types } from '../keyspace/entry.ts'
import type { Form, Type } from '../keyspace/entry.ts'
import { hashOps } from './hash-ops.ts'
import { listOps } from './list-ops.ts'
import { setOps } from './set-ops.ts'
import { streamOps } from './stream-ops.ts'
import { zsetOps } from './zset-ops.ts'

/** How redis-server's DEBUG DIGEST takes in what a value holds. */
export type Mixer = {
  /** The next of what stands in an order. */
  mix: (bytes: Uint8Array) => void
  /** One of what has no order: a set's member. */
  xor: (bytes: Uint8Array) => void
  /**
   * As `xor`, for what has parts in an order: a hash's field and value, a member and its score. `mark` tells of
   * something besides, in no order.
   */
  xorMixed: (parts: readonly Uint8Array[], mark?: Uint8Array) => void
}

/** What a root pointer names depends on the type and on the entry's form, which each type numbers for itself. */
export type TypeOps = {
  /** Frees everything behind the root pointer. */
  free: (engine: Engine, root: number, form: Form) => void
  /** A deep copy of the same form; returns its root. */
  copy: (engine: Engine, root: number, form: Form) => number
  /** Bytes of arena blocks behind the root. */
  memoryBytes: (engine: Engine, root: number, form: Form) => number
  /** What OBJECT ENCODING answers. */
  encoding: (engine: Engine, root: number, form: Form) => string
  /** Feeds the value, in canonical order, to a digest (see digest.ts). */
  digest: (engine: Engine, root: number, add: (bytes: Buffer) => void, form: Form) => void
  /** Gives the mixer what redis-server's DEBUG DIGEST takes in of such a value. */
  mix: (engine: Engine, root: number, mixer: Mixer, form: Form) => void
  /** Frees about `entries` entries of a value that no key names; returns its root, 0 when all is freed. */
  freeSome?: (engine: Engine, root: number, entries: number, form: Form) => number
  /** Of a type whose parts have deadlines: the earliest in unix ms, -1 when none has one. */
  earliest?: (engine: Engine, root: number, form: Form) => number
}

/** The types but strings, whose bytes stand in the entry itself. */
const table: Partial<Record<Type, TypeOps>> = {
  [types.list]: listOps,
  [types.set]: setOps,
  [types.hash]: hashOps,
  [types.stream]: streamOps,
  [types.zset]: zsetOps,
}

export function opsOf(type: Type): TypeOps {
  const ops = table[type]
  if (ops === undefined) throw new Error(`no operations for type ${type}`)
  return ops
}

export function freeValue(engine: Engine, type: Type, root: number, form: Form): void {
  opsOf(type).free(engine, root, form)
}

export function copyValue(engine: Engine, type: Type, root: number, form: Form): number {
  return opsOf(type).copy(engine, root, form)
}

/** Earliest deadline, in unix ms, of the parts of a value; -1 when there is none. */
export function earliestOf(engine: Engine, type: Type, root: number, form: Form): number {
  return opsOf(type).earliest?.(engine, root, form) ?? -1
}
