// SORT and SORT_RO: lists, sets and sorted sets by numbers or bytes, their own or those of keys that they name.
//
// A stored result is logged as DEL and RPUSH of the very elements: which of several equal ones comes first, and what a
// hash's field with a deadline held, need not be found out again.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { formOf, rootOf, setForm, setRoot, typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { ByteList } from '../types/byte-list.ts'
import { listForms } from '../types/list-ends.ts'
import { packed } from '../types/zset.ts'
import { orderAsIs, orderByNumber, orderByText, parseWeight } from './sort-order.ts'
import { SortPattern } from './sort-pattern.ts'

type SortOptions = {
  descending: boolean
  alpha: boolean
  /** Undefined: elements are their own weights. */
  by: SortPattern | undefined
  gets: SortPattern[]
  /** The argument that names the key to store at, 0 for none. */
  store: number
  offset: number
  /** Negative: all. */
  count: number
}

/** A stretch of the sorted elements. */
type Stretch = { from: number; to: number }

export function sort(x: Engine, a: Args, r: Reply, readOnly: boolean): void {
  const options = parseOptions(a, readOnly)
  if (typeof options === 'string') {
    r.error(options)
    return
  }
  const { buf, start, end } = a
  const entry = x.db.lookupRead(buf, start[1]!, end[1]!, x.db.hash(buf, start[1]!, end[1]!))
  const type = entry === 0 ? types.list : typeOf(x.arena, entry)
  if (type !== types.list && type !== types.set && type !== types.zset) {
    r.error(replies.wrongType)
    return
  }
  // A set has no order of its own: what is kept of it gets one, and so does what is given to a script (or within MULTI,
  // which does no harm).
  const settles = type === types.set && (options.store !== 0 || !x.session.mayBlock)
  const sorts = options.by?.isConstant !== true || settles
  if (settles && options.by?.isConstant === true) {
    options.alpha = true
    options.by = undefined
  }

  const elements = new ByteList()
  if (entry !== 0) load(x, entry, elements)
  const order = sorts ? orderOf(x, elements, options)
    : orderAsIs(elements.count, options.descending && type !== types.set)
  if (order === undefined) {
    r.error('ERR One or more scores can\'t be converted into double')
    return
  }
  const stretch = stretchOf(elements.count, options)
  if (options.store === 0) reply(x, r, elements, order, stretch, options.gets)
  else store(x, a, r, options.store, resultOf(x, elements, order, stretch, options.gets))
}

function parseOptions(a: Args, readOnly: boolean): SortOptions | string {
  const options: SortOptions = {
    descending: false, alpha: false, by: undefined, gets: [], store: 0, offset: 0, count: -1,
  }
  for (let i = 2; i < a.count; i++) {
    const left = a.count - i - 1
    if (a.is(i, 'ASC')) options.descending = false
    else if (a.is(i, 'DESC')) options.descending = true
    else if (a.is(i, 'ALPHA')) options.alpha = true
    else if (left >= 2 && a.is(i, 'LIMIT')) {
      options.offset = a.int(i + 1)
      options.count = a.int(i + 2)
      if (Number.isNaN(options.offset) || Number.isNaN(options.count)) return replies.notInteger
      i += 2
    } else if (left >= 1 && !readOnly && a.is(i, 'STORE')) options.store = ++i
    else if (left >= 1 && a.is(i, 'BY')) options.by = new SortPattern(a, ++i)
    else if (left >= 1 && a.is(i, 'GET')) options.gets.push(new SortPattern(a, ++i))
    else return replies.syntax
  }
  return options
}

function load(x: Engine, entry: number, elements: ByteList): void {
  const root = rootOf(x.arena, entry)
  const form = formOf(x.arena, entry)
  const type = typeOf(x.arena, entry)
  if (type === types.list) x.list.open(root, form).each((buf, from, to) => elements.push(buf, from, to))
  else if (type === types.set) {
    const set = x.sets.one.open(root, form)
    for (let more = set.first(); more; more = set.next()) elements.push(set.buf, set.from, set.to)
  } else {
    const zset = x.zset.open(root, form)
    if (form === packed) {
      // Redis sorts a sorted set in its large encoding, and leaves it so.
      zset.toTree()
      setRoot(x.arena, entry, zset.root)
      setForm(x.arena, entry, zset.form)
    }
    for (let more = zset.first(); more; more = zset.next()) {
      zset.read()
      elements.push(zset.buf, zset.from, zset.to)
    }
  }
}

/** Undefined when a weight is no number. */
function orderOf(x: Engine, elements: ByteList, options: SortOptions): Uint32Array | undefined {
  if (options.alpha) return orderByText(textsOf(x, elements, options), options.descending)
  const weights = weightsOf(x, elements, options.by)
  return weights === undefined ? undefined : orderByNumber(elements, weights, options.descending)
}

/** What an element has no weight for is 0. */
function weightsOf(x: Engine, elements: ByteList, by: SortPattern | undefined): Float64Array | undefined {
  const weights = new Float64Array(elements.count)
  let wrong = false
  for (let i = 0; i < elements.count; i++) {
    const [from, to] = [elements.start(i), elements.end(i)]
    if (by === undefined) weights[i] = parseWeight(elements.buf, from, to)
    else if (by.find(x, elements.buf, from, to)) weights[i] = parseWeight(by.buf, by.from, by.to)
    if (Number.isNaN(weights[i])) wrong = true
  }
  return wrong ? undefined : weights
}

/** The texts to order by. What isn't stored is compared as C strings are: up to a NUL. */
function textsOf(x: Engine, elements: ByteList, { by, store }: SortOptions): ByteList {
  if (by === undefined && (store !== 0 || elements.buf.subarray(0, elements.bytes).indexOf(0) < 0)) return elements
  const texts = new ByteList(elements.count)
  for (let i = 0; i < elements.count; i++) {
    let buf: Uint8Array = elements.buf
    let [from, to] = [elements.start(i), elements.end(i)]
    if (by !== undefined) {
      if (!by.find(x, buf, from, to)) {
        texts.pushAbsent()
        continue
      }
      ({ buf, from, to } = by)
    }
    if (store === 0) {
      const zero = buf.subarray(from, to).indexOf(0)
      if (zero >= 0) to = from + zero
    }
    texts.push(buf, from, to)
  }
  return texts
}

function stretchOf(size: number, { offset, count }: SortOptions): Stretch {
  const from = Math.min(Math.max(offset, 0), size)
  return { from, to: count < 0 ? size : Math.min(from + count, size) }
}

function reply(
  x: Engine, r: Reply, elements: ByteList, order: Uint32Array, { from, to }: Stretch, gets: readonly SortPattern[],
): void {
  r.array((to - from) * Math.max(1, gets.length))
  for (let n = from; n < to; n++) {
    const i = order[n]!
    if (gets.length === 0) r.bulk(elements.buf, elements.start(i), elements.end(i))
    for (const get of gets) {
      if (get.find(x, elements.buf, elements.start(i), elements.end(i))) r.bulk(get.buf, get.from, get.to)
      else r.nil()
    }
  }
}

function resultOf(
  x: Engine, elements: ByteList, order: Uint32Array, { from, to }: Stretch, gets: readonly SortPattern[],
): ByteList {
  const result = new ByteList((to - from) * Math.max(1, gets.length))
  for (let n = from; n < to; n++) {
    const i = order[n]!
    if (gets.length === 0) result.push(elements.buf, elements.start(i), elements.end(i))
    for (const get of gets) {
      if (get.find(x, elements.buf, elements.start(i), elements.end(i))) result.push(get.buf, get.from, get.to)
      else result.push(elements.buf, 0, 0)
    }
  }
  return result
}

/** The key of argument i holds the list `result` from now on, or nothing when that is empty. */
function store(x: Engine, a: Args, r: Reply, i: number, result: ByteList): void {
  const [from, to] = [a.start[i]!, a.end[i]!]
  const { count } = result
  const { db } = x
  const hash = db.hash(a.buf, from, to)
  const before = db.lookupWrite(a.buf, from, to, hash)
  if (before !== 0) logDelete(x, a, i)
  if (count > 0) {
    const list = x.list.open(0, listForms.listpack)
    list.expect(result.bytes, count)
    for (let n = 0; n < count; n++) list.push(false, result.buf, result.start(n), result.end(n))
    db.storeValue(a.buf, from, to, hash, types.list, list.root, list.form)
    x.changed(count)
    logPush(x, a, i, result)
    x.touch(a.buf, from, to)
    x.notify('l', 'sortstore', a.buf, from, to)
    x.ready(a.buf, from, to)
  } else if (before !== 0) {
    db.remove(before, hash)
    x.changed()
    x.touch(a.buf, from, to)
    x.notify('g', 'del', a.buf, from, to)
  }
  r.int(count)
}

function logDelete(x: Engine, a: Args, i: number): void {
  x.effect(2)
  x.wordText('DEL')
  x.wordArg(a, i)
  x.endEffect()
}

function logPush(x: Engine, a: Args, i: number, result: ByteList): void {
  x.effect(2 + result.count)
  x.wordText('RPUSH')
  x.wordArg(a, i)
  for (let n = 0; n < result.count; n++) x.wordBytes(result.buf, result.start(n), result.end(n))
  x.endEffect()
}
