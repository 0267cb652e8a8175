// Arguments and effects of the commands that name fields after FIELDS, and give them deadlines.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { fieldDeadlineMax } from '../types/hash.ts'
import { keepOrRemove } from './hash-key.ts'
import type { ArgumentSpec } from './spec.ts'
import { invalidExpire, lifetimes } from './string-expiry.ts'
import type { Lifetime } from './string-expiry.ts'

/** Argument `at` must be FIELDS, the next the number of those that follow. Returns where these begin; 0: an error. */
export function fieldsArgument(
  a: Args, at: number, r: Reply, notPositive = 'ERR Number of fields must be a positive integer',
): number {
  if (at >= a.count || !a.is(at, 'FIELDS')) {
    r.error('ERR Mandatory argument FIELDS is missing or not at the right position')
    return 0
  }
  const count = at + 1 < a.count ? a.int(at + 1) : NaN
  if (!(count >= 1)) {
    r.error(notPositive)
    return 0
  }
  if (count !== a.count - at - 2) {
    r.error('ERR The `numfields` parameter must match the number of arguments')
    return 0
  }
  return at + 2
}

/** The lifetime that the word at argument i announces. */
export function lifetimeAt(a: Args, i: number): Lifetime | undefined {
  if (a.is(i, 'EX')) return 'EX'
  if (a.is(i, 'PX')) return 'PX'
  if (a.is(i, 'EXAT')) return 'EXAT'
  return a.is(i, 'PXAT') ? 'PXAT' : undefined
}

/** The deadline, in unix ms, that argument i means; -1 after an error. */
export function deadlineArgument(x: Engine, a: Args, i: number, lifetime: Lifetime, command: string, r: Reply): number {
  const given = a.int(i)
  const { factor, relative } = lifetimes[lifetime]
  const ms = given * factor + (relative ? x.now : 0)
  if (Number.isNaN(given)) r.error(replies.notInteger)
  else if (given < 0) r.error('ERR invalid expire time, must be >= 0')
  else if (ms > fieldDeadlineMax) r.error(invalidExpire(command))
  else return ms
  return -1
}

/** Arguments that name the fields which a command changed. */
let chosen = new Int32Array(64)
let chosenCount = 0

export function chooseNone(): void {
  chosenCount = 0
}

export function choose(i: number): void {
  if (chosenCount === chosen.length) {
    const grown = new Int32Array(chosen.length * 2)
    grown.set(chosen)
    chosen = grown
  }
  chosen[chosenCount++] = i
}

export function chosenFields(): number {
  return chosenCount
}

/** True when the deadline is past: a field that gets it goes at once. In replay it only goes when the log says so. */
export function isPast(x: Engine, deadlineMs: number): boolean {
  return deadlineMs <= x.now && !x.replaying
}

/** Gives the current field a deadline, or removes it when that is past. */
export function dateField(x: Engine, deadlineMs: number): void {
  if (isPast(x, deadlineMs)) x.hash.remove()
  // A log may say that a field was due in 1970; 0 means no deadline in a pack.
  else x.hash.setDeadline(Math.max(1, deadlineMs))
}

/** The chosen fields got a deadline, or are gone as it is past: stores, tells and logs it. */
export function finishDating(x: Engine, a: Args, entry: number, deadlineMs: number): void {
  if (isPast(x, deadlineMs)) {
    keepOrRemove(x, a, entry, 'hdel', chosenCount)
    logRemoval(x, a)
    return
  }
  keepOrRemove(x, a, entry, 'hexpire', chosenCount)
  x.effect(chosenCount + 5)
  x.wordText('HPEXPIREAT')
  x.wordArg(a, 1)
  x.wordInt(deadlineMs)
  logFields(x, a)
}

/** HDEL of the chosen fields. */
export function logRemoval(x: Engine, a: Args): void {
  x.effect(chosenCount + 2)
  x.wordText('HDEL')
  x.wordArg(a, 1)
  logChosen(x, a)
}

/** Ends an effect with FIELDS and the chosen fields. */
export function logFields(x: Engine, a: Args): void {
  x.wordText('FIELDS')
  x.wordInt(chosenCount)
  logChosen(x, a)
}

function logChosen(x: Engine, a: Args): void {
  for (let i = 0; i < chosenCount; i++) x.wordArg(a, chosen[i]!)
  x.endEffect()
}

export const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
export const fields: ArgumentSpec = {
  name: 'fields', type: 'block', token: 'FIELDS',
  arguments: [{ name: 'numfields', type: 'integer' }, { name: 'field', type: 'string', multiple: true }],
}

/** The ways to give a lifetime, and one more. */
export function lifetimeArguments(last: ArgumentSpec): ArgumentSpec {
  return {
    name: 'expiration', type: 'oneof', optional: true,
    arguments: [
      { name: 'seconds', type: 'integer', token: 'EX' },
      { name: 'milliseconds', type: 'integer', token: 'PX' },
      { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT' },
      { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT' },
      last,
    ],
  }
}
