// Deadlines of keys: EXPIRE and its like, TTL and its like, PERSIST. A deadline is logged as PEXPIREAT.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { deadlineOf, exactDeadlineOf, hasDeadline } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'
import { deadlineText, parseExpire } from './string-expiry.ts'
import type { Deadline, Lifetime } from './string-expiry.ts'

const conditionNames = ['NX', 'XX', 'GT', 'LT'] as const
type Condition = (typeof conditionNames)[number]

/** The conditions from argument 3 on, or an error's text. */
function parseConditions(a: Args): Set<Condition> | string {
  const conditions = new Set<Condition>()
  for (let i = 3; i < a.count; i++) {
    const condition = conditionNames.find((name) => a.is(i, name))
    if (condition === undefined) return `ERR Unsupported option ${untilNul(a.text(i))}`
    conditions.add(condition)
  }
  if (conditions.has('NX') && conditions.size > 1) {
    return 'ERR NX and XX, GT or LT options at the same time are not compatible'
  }
  if (conditions.has('GT') && conditions.has('LT')) {
    return 'ERR GT and LT options at the same time are not compatible'
  }
  return conditions
}

/** As much of a text as C prints of it. */
function untilNul(text: string): string {
  const nul = text.indexOf('\0')
  return nul < 0 ? text : text.slice(0, nul)
}

/** Whether the conditions let `next` follow a key's deadline (-1n for none, which counts as never). */
function allowed(conditions: ReadonlySet<Condition>, current: bigint, next: bigint): boolean {
  if (conditions.has('NX') && current !== -1n) return false
  if (conditions.has('XX') && current === -1n) return false
  if (conditions.has('GT') && (current === -1n || next <= current)) return false
  return !(conditions.has('LT') && current !== -1n && next >= current)
}

function expire(x: Engine, a: Args, r: Reply, lifetime: Lifetime, command: string): void {
  const conditions = a.count > 3 ? parseConditions(a) : undefined
  if (typeof conditions === 'string') {
    r.error(conditions)
    return
  }
  const deadline = parseExpire(a, 2, lifetime, x.now, command)
  if (typeof deadline === 'string') {
    r.error(deadline)
    return
  }
  const { buf, start, end } = a
  const hash = x.db.hash(buf, start[1]!, end[1]!)
  const entry = x.db.lookupWrite(buf, start[1]!, end[1]!, hash)
  const next = deadline.exact ?? BigInt(deadline.ms)
  if (entry === 0 || (conditions !== undefined && !allowed(conditions, exactDeadlineOf(x.arena, entry), next))) {
    r.int(0)
    return
  }
  if (deadline.ms <= x.now && !x.replaying) expireNow(x, a, entry, hash)
  else setDeadline(x, a, entry, hash, deadline)
  r.int(1)
}

/** The new deadline is past: the key goes at once, and the log says DEL. */
function expireNow(x: Engine, a: Args, entry: number, hash: number): void {
  const { buf, start, end } = a
  x.db.remove(entry, hash)
  x.changed()
  x.effect(2)
  x.wordText('DEL')
  x.wordArg(a, 1)
  x.endEffect()
  x.touch(buf, start[1]!, end[1]!)
  x.notify('g', 'del', buf, start[1]!, end[1]!)
}

function setDeadline(x: Engine, a: Args, entry: number, hash: number, deadline: Deadline): void {
  const { buf, start, end } = a
  // A log may say that a key was due before 1970; the index knows no such times.
  x.db.setDeadline(entry, hash, Math.max(0, deadline.ms), deadline.exact)
  x.changed()
  x.effect(3)
  x.wordText('PEXPIREAT')
  x.wordArg(a, 1)
  x.wordText(deadlineText(deadline))
  x.endEffect()
  x.touch(buf, start[1]!, end[1]!)
  x.notify('g', 'expire', buf, start[1]!, end[1]!)
}

function ttl(x: Engine, a: Args, r: Reply, relative: boolean, inSeconds: boolean): void {
  const { buf, start, end } = a
  const entry = x.db.lookupQuiet(buf, start[1]!, end[1]!, x.db.hash(buf, start[1]!, end[1]!))
  if (entry === 0) {
    r.int(-2)
    return
  }
  const ms = deadlineOf(x.arena, entry)
  if (ms < 0) {
    r.int(-1)
    return
  }
  if (ms > Number.MAX_SAFE_INTEGER) {
    const exact = exactDeadlineOf(x.arena, entry) - (relative ? BigInt(x.now) : 0n)
    r.bigint(inSeconds ? (exact + 500n) / 1000n : exact)
    return
  }
  const left = Math.max(0, relative ? ms - x.now : ms)
  r.int(inSeconds ? Math.floor((left + 500) / 1000) : left)
}

function persist(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const hash = x.db.hash(buf, start[1]!, end[1]!)
  const entry = x.db.lookupWrite(buf, start[1]!, end[1]!, hash)
  if (entry === 0 || !hasDeadline(x.arena, entry)) {
    r.int(0)
    return
  }
  x.db.setDeadline(entry, hash, -1)
  x.changed()
  x.touch(buf, start[1]!, end[1]!)
  x.notify('g', 'persist', buf, start[1]!, end[1]!)
  r.int(1)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const condition: ArgumentSpec = {
  name: 'condition', type: 'oneof', since: '7.0.0', optional: true,
  arguments: conditionNames.map((token) => ({ name: token.toLowerCase(), type: 'pure-token', token })),
}
const setting = {
  arity: -3, flags: ['write', 'fast'], group: 'generic', categories: ['keyspace'],
  complexity: 'O(1)', keys: oneKey.update,
  history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
} as const
const asking = {
  arity: 2, flags: ['readonly', 'fast'], group: 'generic', categories: ['keyspace'],
  complexity: 'O(1)', keys: oneKey.read, arguments: [key],
} as const
const asked = { history: [['2.8.0', 'Added the -2 reply.']], tips: ['nondeterministic_output'] } as const

export const genericExpireCommands: readonly CommandSpec[] = [
  {
    ...setting, name: 'expire', since: '1.0.0', summary: 'Sets a key\'s lifetime in seconds.',
    arguments: [key, { name: 'seconds', type: 'integer' }, condition],
    run: (x, a, r) => expire(x, a, r, 'EX', 'expire'),
  },
  {
    ...setting, name: 'pexpire', since: '2.6.0', summary: 'Sets a key\'s lifetime in milliseconds.',
    arguments: [key, { name: 'milliseconds', type: 'integer' }, condition],
    run: (x, a, r) => expire(x, a, r, 'PX', 'pexpire'),
  },
  {
    ...setting, name: 'expireat', since: '1.2.0', summary: 'Sets the unix time in seconds at which a key expires.',
    arguments: [key, { name: 'unix-time-seconds', type: 'unix-time' }, condition],
    run: (x, a, r) => expire(x, a, r, 'EXAT', 'expireat'),
  },
  {
    ...setting, name: 'pexpireat', since: '2.6.0',
    summary: 'Sets the unix time in milliseconds at which a key expires.',
    arguments: [key, { name: 'unix-time-milliseconds', type: 'unix-time' }, condition],
    run: (x, a, r) => expire(x, a, r, 'PXAT', 'pexpireat'),
  },
  {
    ...asking, ...asked, name: 'ttl', since: '1.0.0', summary: 'Tells how many seconds a key has left.',
    run: (x, a, r) => ttl(x, a, r, true, true),
  },
  {
    ...asking, ...asked, name: 'pttl', since: '2.6.0', summary: 'Tells how many milliseconds a key has left.',
    run: (x, a, r) => ttl(x, a, r, true, false),
  },
  {
    ...asking, name: 'expiretime', since: '7.0.0', summary: 'Tells the unix time in seconds at which a key expires.',
    run: (x, a, r) => ttl(x, a, r, false, true),
  },
  {
    ...asking, name: 'pexpiretime', since: '7.0.0',
    summary: 'Tells the unix time in milliseconds at which a key expires.',
    run: (x, a, r) => ttl(x, a, r, false, false),
  },
  {
    name: 'persist', arity: 2, flags: ['write', 'fast'], group: 'generic', categories: ['keyspace'], since: '2.2.0',
    summary: 'Takes a key\'s deadline away.', complexity: 'O(1)',
    keys: oneKey.update, arguments: [key], run: persist,
  },
]
