// ZUNION, ZINTER, ZDIFF, their storing forms, and ZINTERCARD.
// https://redis.io/docs/latest/commands/zunionstore/

import type { Args } from '../args.ts'
import { parseDouble } from '../double.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { treed } from '../types/zset.ts'
import { countOf, scoreIn, walkInput } from './zset-input.ts'
import type { Input } from './zset-input.ts'
import { replyItem, storeResult } from './zset-key.ts'

type Operation = 'union' | 'inter' | 'diff'
type Aggregate = 'sum' | 'min' | 'max'

type Options = { aggregate: Aggregate; withScores: boolean; limit: number }

export function zunion(x: Engine, a: Args, r: Reply): void {
  combine(x, a, r, 'union', 1)
}

export function zinter(x: Engine, a: Args, r: Reply): void {
  combine(x, a, r, 'inter', 1)
}

export function zdiff(x: Engine, a: Args, r: Reply): void {
  combine(x, a, r, 'diff', 1)
}

export function zunionstore(x: Engine, a: Args, r: Reply): void {
  combine(x, a, r, 'union', 2)
}

export function zinterstore(x: Engine, a: Args, r: Reply): void {
  combine(x, a, r, 'inter', 2)
}

export function zdiffstore(x: Engine, a: Args, r: Reply): void {
  combine(x, a, r, 'diff', 2)
}

export function zintercard(x: Engine, a: Args, r: Reply): void {
  const inputs = readInputs(x, a, r, 1, 'zintercard')
  if (inputs === undefined) return
  const options: Options = { aggregate: 'sum', withScores: false, limit: 0 }
  for (let i = 2 + inputs.length; i < a.count; i += 2) {
    if (i + 1 === a.count || !a.is(i, 'LIMIT')) {
      r.error(replies.syntax)
      return
    }
    options.limit = a.int(i + 1)
    if (Number.isNaN(options.limit) || options.limit < 0) {
      r.error('ERR LIMIT can\'t be negative')
      return
    }
  }
  let found = 0
  intersect(x, inputs, options, () => {
    found++
    return found !== options.limit
  })
  r.int(found)
}

/** `at`: the argument that counts the keys; a destination may stand before it. */
function combine(x: Engine, a: Args, r: Reply, operation: Operation, at: number): void {
  const stores = at === 2
  const inputs = readInputs(x, a, r, at, `z${operation}${stores ? 'store' : ''}`)
  if (inputs === undefined) return
  const options = readOptions(a, r, at + 1 + inputs.length, inputs, operation, stores)
  if (options === undefined) return
  const result = x.zsetResult.create(treed)
  const gather = (score: number, buf: Uint8Array, from: number, to: number): boolean => {
    result.find(buf, from, to)
    result.gather(score, buf, from, to)
    return true
  }
  if (operation === 'union') unite(x, inputs, options)
  else if (operation === 'inter') intersect(x, inputs, options, gather)
  else subtract(x, inputs, gather)
  result.order()
  if (stores) {
    result.toPack(x.settings.zsetPackEntriesMax, x.settings.zsetPackValueBytesMax)
    storeResult(x, a, 1, r, `z${operation}store`)
    return
  }
  const { withScores } = options
  const pairs = r.resp === 3
  r.array(withScores && !pairs ? result.count * 2 : result.count)
  for (let more = result.first(); more; more = result.next()) replyItem(r, result, withScores, pairs)
  result.free()
}

/** The values at the keys that argument `at` counts; undefined after an error was written. */
function readInputs(x: Engine, a: Args, r: Reply, at: number, name: string): Input[] | undefined {
  const keys = a.int(at)
  if (Number.isNaN(keys)) r.error(replies.notInteger)
  else if (keys < 1) r.error(`ERR at least 1 input key is needed for '${name}' command`)
  else if (keys > a.count - at - 1) r.error(replies.syntax)
  else {
    const inputs: Input[] = []
    for (let i = at + 1; i <= at + keys; i++) {
      const entry = x.db.lookupRead(a.buf, a.start[i]!, a.end[i]!, x.db.hash(a.buf, a.start[i]!, a.end[i]!))
      const type = entry === 0 ? types.zset : typeOf(x.arena, entry)
      if (type !== types.zset && type !== types.set) {
        r.error(replies.wrongType)
        return undefined
      }
      inputs.push({ entry, type, count: entry === 0 ? 0 : countOf(x, entry, type), weight: 1 })
    }
    return inputs
  }
  return undefined
}

function readOptions(
  a: Args, r: Reply, from: number, inputs: readonly Input[], operation: Operation, stores: boolean,
): Options | undefined {
  const options: Options = { aggregate: 'sum', withScores: false, limit: 0 }
  const weighs = operation !== 'diff'
  for (let i = from; i < a.count; i++) {
    const more = a.count - i - 1
    if (weighs && more >= inputs.length && a.is(i, 'WEIGHTS')) {
      for (const input of inputs) {
        i++
        input.weight = parseDouble(a.buf, a.start[i]!, a.end[i]!)
        if (Number.isNaN(input.weight)) {
          r.error('ERR weight value is not a float')
          return undefined
        }
      }
    } else if (weighs && more >= 1 && a.is(i, 'AGGREGATE') && isAggregate(a, i + 1)) {
      i++
      options.aggregate = a.is(i, 'SUM') ? 'sum' : a.is(i, 'MIN') ? 'min' : 'max'
    } else if (!stores && a.is(i, 'WITHSCORES')) options.withScores = true
    else {
      r.error(replies.syntax)
      return undefined
    }
  }
  return options
}

function isAggregate(a: Args, i: number): boolean {
  return a.is(i, 'SUM') || a.is(i, 'MIN') || a.is(i, 'MAX')
}

/** Two scores of one member; a sum of opposite infinities is 0. */
function aggregated(aggregate: Aggregate, one: number, other: number): number {
  if (aggregate === 'min') return other < one ? other : one
  if (aggregate === 'max') return other > one ? other : one
  const sum = one + other
  return Number.isNaN(sum) ? 0 : sum
}

/** A weight of 0 makes 0 of infinity. */
function weighted(input: Input, score: number): number {
  const product = input.weight * score
  return Number.isNaN(product) ? 0 : product
}

/** Redis goes from the smallest to the largest, which the last digits of a sum may show. */
function bySize(inputs: readonly Input[]): Input[] {
  return inputs.toSorted((one, other) => one.count - other.count)
}

function unite(x: Engine, inputs: readonly Input[], options: Options): void {
  const result = x.zsetResult
  for (const input of bySize(inputs)) {
    walkInput(x, input, (given, buf, from, to) => {
      const score = weighted(input, given)
      if (result.find(buf, from, to)) result.regather(aggregated(options.aggregate, result.score, score))
      else result.gather(score, buf, from, to)
      return true
    })
  }
}

type Visit = (score: number, buf: Uint8Array, from: number, to: number) => boolean

/** Gives `found` each common member until it returns false. */
function intersect(x: Engine, inputs: readonly Input[], options: Options, found: Visit): void {
  const [smallest, ...others] = bySize(inputs) as [Input, ...Input[]]
  if (smallest.count === 0) return
  walkInput(x, smallest, (given, buf, from, to) => {
    let score = weighted(smallest, given)
    for (const other of others) {
      const second = scoreIn(x, other, buf, from, to)
      if (Number.isNaN(second)) return true
      // Only the first product that is no number counts as 0 by itself, as in Redis.
      score = aggregated(options.aggregate, score, other.weight * second)
    }
    return found(score, buf, from, to)
  })
}

/** Gives `found` each member of the first that none of the others has. */
function subtract(x: Engine, inputs: readonly Input[], found: Visit): void {
  const [first, ...others] = inputs as [Input, ...Input[]]
  walkInput(x, first, (score, buf, from, to) => {
    for (const other of others) if (!Number.isNaN(scoreIn(x, other, buf, from, to))) return true
    return found(score, buf, from, to)
  })
}
