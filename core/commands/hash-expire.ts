// Deadlines of fields: HEXPIRE and its like, HTTL and its like, HPERSIST. A deadline is logged as HPEXPIREAT.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import type { Reply } from '../reply.ts'
import {
  choose, chooseNone, chosenFields, dateField, deadlineArgument, fields, fieldsArgument, finishDating, isPast, key,
} from './hash-fields.ts'
import { announce, expireNamed, keep, openToRead, openToWrite, wrong } from './hash-key.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'
import type { Lifetime } from './string-expiry.ts'

const conditions = ['NX', 'XX', 'GT', 'LT'] as const
type Condition = (typeof conditions)[number]

// What is answered for a field.
const noField = -2
const noDeadline = -1
const notMet = 0
const done = 1
const removed = 2

function conditionAt(a: Args, i: number): Condition | undefined {
  return conditions.find((name) => a.is(i, name))
}

/** Whether the condition lets `next` follow a field's deadline (-1: none, which counts as never). */
function allowed(condition: Condition | undefined, current: number, next: number): boolean {
  if (condition === undefined) return true
  if (condition === 'NX') return current < 0
  if (condition === 'XX') return current >= 0
  return condition === 'GT' ? current >= 0 && next > current : current < 0 || next < current
}

function replyAll(r: Reply, count: number, answer: number): void {
  r.array(count)
  for (let i = 0; i < count; i++) r.int(answer)
}

function hexpire(x: Engine, a: Args, r: Reply, lifetime: Lifetime, command: string): void {
  let entry = openToWrite(x, a, r)
  if (entry === wrong) return
  const deadline = deadlineArgument(x, a, 2, lifetime, command, r)
  if (deadline < 0) return
  const condition = conditionAt(a, 3)
  const notPositive = 'ERR Parameter `numFields` should be greater than 0'
  const first = fieldsArgument(a, condition === undefined ? 3 : 4, r, notPositive)
  if (first === 0) return
  if (entry !== 0) entry = expireNamed(x, a, entry, first, 1)
  if (entry === 0) {
    replyAll(r, a.count - first, noField)
    return
  }

  const { hash } = x
  const past = isPast(x, deadline)
  hash.date()
  chooseNone()
  r.array(a.count - first)
  for (let i = first; i < a.count; i++) {
    if (!hash.find(a.buf, a.start[i]!, a.end[i]!)) r.int(noField)
    else if (!allowed(condition, hash.deadline(), deadline)) r.int(notMet)
    else {
      dateField(x, deadline)
      choose(i)
      r.int(past ? removed : done)
    }
  }
  if (chosenFields() > 0) finishDating(x, a, entry, deadline)
  else keep(x, entry)
}

function httl(x: Engine, a: Args, r: Reply, relative: boolean, inSeconds: boolean): void {
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  const first = fieldsArgument(a, 2, r)
  if (first === 0) return
  if (entry === 0) {
    replyAll(r, a.count - first, noField)
    return
  }
  const { hash } = x
  r.array(a.count - first)
  for (let i = first; i < a.count; i++) {
    if (!hash.find(a.buf, a.start[i]!, a.end[i]!)) {
      r.int(noField)
      continue
    }
    const ms = hash.deadline()
    const left = ms - (relative ? x.now : 0)
    if (ms < 0) r.int(noDeadline)
    else r.int(inSeconds ? Math.floor((left + 999) / 1000) : left)
  }
}

function hpersist(x: Engine, a: Args, r: Reply): void {
  let entry = openToWrite(x, a, r)
  if (entry === wrong) return
  const first = fieldsArgument(a, 2, r)
  if (first === 0) return
  if (entry !== 0) entry = expireNamed(x, a, entry, first, 1)
  if (entry === 0) {
    replyAll(r, a.count - first, noField)
    return
  }
  const { hash } = x
  let changed = 0
  r.array(a.count - first)
  for (let i = first; i < a.count; i++) {
    if (!hash.find(a.buf, a.start[i]!, a.end[i]!)) r.int(noField)
    else if (hash.deadline() < 0) r.int(noDeadline)
    else {
      hash.setDeadline(-1)
      changed++
      r.int(done)
    }
  }
  if (changed === 0) return
  keep(x, entry)
  announce(x, a, 'hpersist', changed)
}

const condition: ArgumentSpec = {
  name: 'condition', type: 'oneof', optional: true,
  arguments: conditions.map((token) => ({ name: token.toLowerCase(), type: 'pure-token', token })),
}
const setting = {
  arity: -6, flags: ['write', 'denyoom', 'fast'], group: 'hash', since: '7.4.0', keys: oneKey.update,
  complexity: 'O(N) where N is the number of specified fields',
} as const
const asking = {
  arity: -5, flags: ['readonly', 'fast'], group: 'hash', since: '7.4.0', keys: oneKey.read, arguments: [key, fields],
  complexity: 'O(N) where N is the number of specified fields',
} as const
const clocked = { tips: ['nondeterministic_output'] } as const

export const hashExpireCommands: readonly CommandSpec[] = [
  {
    ...setting, name: 'hexpire', summary: 'Sets the lifetime of fields of a hash in seconds.',
    arguments: [key, { name: 'seconds', type: 'integer' }, condition, fields],
    run: (x, a, r) => hexpire(x, a, r, 'EX', 'hexpire'),
  },
  {
    ...setting, name: 'hpexpire', summary: 'Sets the lifetime of fields of a hash in milliseconds.',
    arguments: [key, { name: 'milliseconds', type: 'integer' }, condition, fields],
    run: (x, a, r) => hexpire(x, a, r, 'PX', 'hpexpire'),
  },
  {
    ...setting, name: 'hexpireat', summary: 'Sets the unix time in seconds at which fields of a hash expire.',
    arguments: [key, { name: 'unix-time-seconds', type: 'unix-time' }, condition, fields],
    run: (x, a, r) => hexpire(x, a, r, 'EXAT', 'hexpireat'),
  },
  {
    ...setting, name: 'hpexpireat', summary: 'Sets the unix time in milliseconds at which fields of a hash expire.',
    arguments: [key, { name: 'unix-time-milliseconds', type: 'unix-time' }, condition, fields],
    run: (x, a, r) => hexpire(x, a, r, 'PXAT', 'hpexpireat'),
  },
  {
    ...asking, ...clocked, name: 'httl', summary: 'Tells how many seconds fields of a hash have left.',
    run: (x, a, r) => httl(x, a, r, true, true),
  },
  {
    ...asking, ...clocked, name: 'hpttl', summary: 'Tells how many milliseconds fields of a hash have left.',
    run: (x, a, r) => httl(x, a, r, true, false),
  },
  {
    ...asking, name: 'hexpiretime', summary: 'Tells the unix time in seconds at which fields of a hash expire.',
    run: (x, a, r) => httl(x, a, r, false, true),
  },
  {
    ...asking, name: 'hpexpiretime', summary: 'Tells the unix time in milliseconds at which fields of a hash expire.',
    run: (x, a, r) => httl(x, a, r, false, false),
  },
  {
    name: 'hpersist', arity: -5, flags: ['write', 'fast'], group: 'hash', since: '7.4.0', keys: oneKey.update,
    summary: 'Takes the deadlines of fields of a hash away.',
    complexity: 'O(N) where N is the number of specified fields', arguments: [key, fields], run: hpersist,
  },
]
