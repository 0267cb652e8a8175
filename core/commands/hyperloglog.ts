// HyperLogLogs: PFADD PFCOUNT PFMERGE, and what PFDEBUG and PFSELFTEST look at.
// https://redis.io/docs/latest/commands/?group=hyperloglog
//
// A count is kept beside the registers once it was found, so PFCOUNT changes the value and is logged, as Redis
// propagates it. How large a sparse one may become is a setting: that one became dense because of it is logged as
// PFDEBUG TODENSE, and replay itself knows no bound.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { placeOf, registers } from '../types/hll-hash.ts'
import { countRegisters, HyperLogLog } from '../types/hyperloglog.ts'
import { selfTest } from '../types/hll-self-test.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

const notOne = 'WRONGTYPE Key is not a valid HyperLogLog string value.'
const damaged = 'INVALIDOBJ Corrupted HLL object detected'

const hll = new HyperLogLog()
/** The highest of each register over several values. */
const highest = new Uint8Array(registers)

/** Opens an entry that is there; false (with the error written) when it holds no HyperLogLog. */
function open(x: Engine, entry: number, hash: number, r: Reply): boolean {
  if (hll.open(x.db, entry, hash)) return true
  r.error(typeOf(x.arena, entry) === types.string ? notOne : replies.wrongType)
  return false
}

function sparseBytesMax(x: Engine): number {
  return x.replaying ? Infinity : x.settings.hllSparseBytesMax
}

/** Registers at argument 1 rose; the command is logged, and what its bound brought about. */
function registersChanged(x: Engine, a: Args, changes: number, name: string): void {
  hll.forgetCount()
  x.changed(changes)
  x.touch(a.buf, a.start[1]!, a.end[1]!)
  x.notify('$', 'pfadd', a.buf, a.start[1]!, a.end[1]!)
  if (!hll.outgrew) return
  x.effect(a.count)
  x.wordText(name)
  x.wordArgs(a, 1)
  x.endEffect()
  x.effect(3)
  x.wordText('PFDEBUG')
  x.wordText('TODENSE')
  x.wordArg(a, 1)
  x.endEffect()
}

function pfadd(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const { db } = x
  const hash = db.hash(buf, start[1]!, end[1]!)
  const entry = db.lookupWrite(buf, start[1]!, end[1]!, hash)
  let changes = 0
  if (entry === 0) {
    hll.create(db, buf, start[1]!, end[1]!, hash)
    changes = 1
  } else if (!open(x, entry, hash, r)) return

  const bytesMax = sparseBytesMax(x)
  if (a.count > 3 && hll.isSparse) hll.save()
  for (let i = 2; i < a.count; i++) {
    const raised = hll.add(placeOf(buf, start[i]!, end[i]!), bytesMax)
    if (raised < 0) {
      if (changes > 0) hll.restore()
      return r.error(damaged)
    }
    changes += raised
  }
  if (changes > 0) registersChanged(x, a, changes, 'PFADD')
  else hll.own()
  r.int(changes > 0 ? 1 : 0)
}

function pfcount(x: Engine, a: Args, r: Reply): void {
  if (a.count > 2) return countUnion(x, a, r)
  const { buf, start, end } = a
  const hash = x.db.hash(buf, start[1]!, end[1]!)
  const entry = x.db.lookupRead(buf, start[1]!, end[1]!, hash)
  if (entry === 0) return r.int(0)
  if (!open(x, entry, hash, r)) return
  hll.own()
  const known = hll.knownCount
  if (typeof known === 'bigint') return r.bigint(known)
  if (known !== undefined) return r.int(known)
  const count = hll.count()
  if (count < 0) return r.error(damaged)
  // While the log fails, reading goes on, and changes nothing.
  if (x.log.state === 'ok') {
    hll.keepCount(count)
    x.changed()
    x.touch(buf, start[1]!, end[1]!)
  }
  r.int(count)
}

function countUnion(x: Engine, a: Args, r: Reply): void {
  highest.fill(0)
  for (let i = 1; i < a.count; i++) if (merge(x, a, i, r) === undefined) return
  r.int(countRegisters(highest))
}

/** Takes the value at argument i into `highest`: whether it is dense; undefined (and the error written) if it fails. */
function merge(x: Engine, a: Args, i: number, r: Reply): boolean | undefined {
  const from = a.start[i]!
  const to = a.end[i]!
  const hash = x.db.hash(a.buf, from, to)
  const entry = x.db.lookupRead(a.buf, from, to, hash)
  if (entry === 0) return false
  if (!open(x, entry, hash, r)) return undefined
  if (hll.mergeInto(highest)) return !hll.isSparse
  r.error(damaged)
  return undefined
}

function pfmerge(x: Engine, a: Args, r: Reply): void {
  highest.fill(0)
  let anyDense = false
  for (let i = 1; i < a.count; i++) {
    const dense = merge(x, a, i, r)
    if (dense === undefined) return
    if (dense) anyDense = true
  }

  const { buf, start, end } = a
  const hash = x.db.hash(buf, start[1]!, end[1]!)
  const entry = x.db.lookupWrite(buf, start[1]!, end[1]!, hash)
  if (entry === 0) hll.create(x.db, buf, start[1]!, end[1]!, hash)
  else hll.open(x.db, entry, hash)
  hll.own()
  if (anyDense) hll.makeDense()
  hll.raiseAll(highest, sparseBytesMax(x))
  registersChanged(x, a, 1, 'PFMERGE')
  r.ok()
}

function pfdebug(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const hash = x.db.hash(buf, start[2]!, end[2]!)
  const entry = x.db.lookupWrite(buf, start[2]!, end[2]!, hash)
  if (entry === 0) return r.error('ERR The specified key does not exist')
  if (!open(x, entry, hash, r)) return
  hll.own()
  if (a.is(1, 'GETREG')) {
    if (debugDense(x, a, r) === undefined) return
    r.array(registers)
    for (let i = 0; i < registers; i++) r.int(hll.register(i))
  } else if (a.is(1, 'DECODE')) {
    if (hll.isSparse) r.text(hll.decode())
    else r.error('ERR HLL encoding is not sparse')
  } else if (a.is(1, 'ENCODING')) r.simple(hll.isSparse ? 'sparse' : 'dense')
  else if (a.is(1, 'TODENSE')) {
    const converted = debugDense(x, a, r)
    if (converted !== undefined) r.int(converted ? 1 : 0)
  } else r.error(`ERR Unknown PFDEBUG subcommand '${a.shown(1)}'`)
}

/** Makes the open value dense: whether it wasn't; undefined (with the error written) when it is damaged. */
function debugDense(x: Engine, a: Args, r: Reply): boolean | undefined {
  if (!hll.isSparse) return false
  if (!hll.makeDense()) {
    r.error(damaged)
    return undefined
  }
  x.changed()
  x.touch(a.buf, a.start[2]!, a.end[2]!)
  return true
}

function pfselftest(_: Engine, _a: Args, r: Reply): void {
  const failure = selfTest()
  if (failure === undefined) r.ok()
  else r.error(`TESTFAILED ${failure}`)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const group = 'hyperloglog'

export const hyperloglogCommands: readonly CommandSpec[] = [
  {
    name: 'pfadd', arity: -2, flags: ['write', 'denyoom', 'fast'], group, since: '2.8.9',
    summary: 'Adds elements to a HyperLogLog, which is made when the key doesn\'t exist.',
    complexity: 'O(1) to add every element.', keys: oneKey.insert,
    arguments: [key, { name: 'element', type: 'string', optional: true, multiple: true }], run: pfadd,
  },
  {
    name: 'pfcount', arity: -2, flags: ['readonly', 'may_replicate'], group, since: '2.8.9',
    summary: 'Estimates how many distinct elements were added to HyperLogLogs.',
    complexity: 'O(1) with one key whose count is known already. O(N) with N being the number of keys.',
    keys: [{
      flags: ['RW', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 },
      notes: 'RW because it may change the internal representation of the key, and propagate to replicas',
    }],
    arguments: [{ ...key, multiple: true }], run: pfcount,
  },
  {
    name: 'pfmerge', arity: -2, flags: ['write', 'denyoom'], group, since: '2.8.9',
    summary: 'Merges HyperLogLogs into one.', complexity: 'O(N) to merge N HyperLogLogs, but with high constant times.',
    keys: [
      { flags: ['RW', 'access', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
      { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
    ],
    arguments: [
      { name: 'destkey', type: 'key', keySpec: 0 },
      { name: 'sourcekey', type: 'key', keySpec: 1, optional: true, multiple: true },
    ],
    run: pfmerge,
  },
  {
    name: 'pfdebug', arity: 3, flags: ['write', 'denyoom', 'admin'], group, since: '2.8.9',
    summary: 'Looks into a HyperLogLog.', complexity: 'N/A', docFlags: ['syscmd'],
    keys: [{ flags: ['RW', 'access'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [{ name: 'subcommand', type: 'string' }, key], run: pfdebug,
  },
  {
    name: 'pfselftest', arity: 1, flags: ['admin'], group, since: '2.8.9',
    summary: 'Tests the registers and the estimates of HyperLogLogs.', complexity: 'N/A', docFlags: ['syscmd'],
    run: pfselftest,
  },
]
