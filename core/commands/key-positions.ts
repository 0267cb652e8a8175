// Finds the keys among a command's arguments by its key specs, as COMMAND GETKEYS, access control and client caching
// need them. https://redis.io/docs/latest/develop/reference/key-specs/

import type { Args } from '../args.ts'
import type { KeySpec } from './spec.ts'

/** Called for each key: its argument, and the spec that it was found by. */
export type KeyVisitor = (arg: number, spec: KeySpec) => void

/**
 * Visits the keys of the command whose name is argument `offset`. Returns false when the arguments don't fit the
 * specs (a keyword or a count is missing, or there are too few arguments).
 */
export function visitKeys(specs: readonly KeySpec[], a: Args, offset: number, visit: KeyVisitor): boolean {
  let fits = true
  for (const spec of specs) {
    if (spec.flags.includes('not_key')) continue
    if (!visitSpec(spec, a, offset, visit)) fits = false
  }
  return fits
}

/** The flags of a key that this spec found; of some commands they depend on the arguments (`variable_flags`). */
export function keyFlags(name: string, spec: KeySpec, a: Args, offset: number): readonly string[] {
  if (!spec.flags.includes('variable_flags')) return spec.flags
  if (name === 'set') return setGets(a, offset) ? ['RW', 'access', 'update'] : ['OW', 'update']
  if (name === 'bitfield') return fieldsOnlyRead(a, offset) ? ['RO', 'access'] : ['RW', 'access', 'update']
  return spec.flags.filter((flag) => flag !== 'variable_flags')
}

/** SET reads the old value only with GET. */
function setGets(a: Args, offset: number): boolean {
  for (let i = offset + 3; i < a.count; i++) if (a.is(i, 'GET')) return true
  return false
}

/** BITFIELD with nothing but GET changes nothing. */
function fieldsOnlyRead(a: Args, offset: number): boolean {
  let i = offset + 2
  while (i < a.count) {
    if (a.is(i, 'GET') && i + 2 < a.count) i += 3
    else if (a.is(i, 'OVERFLOW') && i + 1 < a.count) i += 2
    else return false
  }
  return true
}

function visitSpec(spec: KeySpec, a: Args, offset: number, visit: KeyVisitor): boolean {
  if (spec.range !== undefined) {
    const range = spec.range(a, offset)
    if (range !== undefined) for (let i = range[0]; i < range[1]; i++) visit(i, spec)
    return range !== undefined
  }
  if (spec.begin === 'unknown') {
    const at = spec.locate === undefined ? 0 : spec.locate(a, offset)
    if (at !== 0) visit(at, spec)
    return true
  }
  const count = a.count - offset
  let first = 'index' in spec.begin ? spec.begin.index : keywordBehind(spec.begin, a, offset)
  if (first === 0 && 'optional' in spec.begin) return true
  if (first === 0 || spec.find === 'unknown') return false
  const { step } = spec.find
  let last
  if ('keynum' in spec.find) {
    const at = first + spec.find.keynum
    const keys = at < count ? a.int(offset + at) : NaN
    if (!(keys >= 0)) return false
    if (keys === 0) return true
    first += spec.find.first
    last = first + (keys - 1) * step
  } else if (spec.find.last >= 0) last = first + spec.find.last
  else if (spec.find.limit === 0) last = count + spec.find.last
  else last = first + (Math.trunc((count - first) / spec.find.limit) + spec.find.last)
  if (first >= count || last >= count || last < first) return false
  for (let i = first; i <= last; i += step) visit(offset + i, spec)
  return !spec.flags.includes('incomplete')
}

/** Position of the argument behind a keyword, 0 when it isn't there; a negative start is searched backwards. */
function keywordBehind(begin: { keyword: string, from: number }, a: Args, offset: number): number {
  const count = a.count - offset
  const by = begin.from < 0 ? -1 : 1
  const end = by < 0 ? 0 : count - 1
  for (let i = by < 0 ? count + begin.from : begin.from; by < 0 ? i > end : i < end; i += by) {
    if (a.is(offset + i, begin.keyword)) return i + 1
  }
  return 0
}

/** First key, last key and step in the form that old clients read: 0 0 0 when key specs can't be put so. */
export function legacyRange(specs: readonly KeySpec[]): readonly [number, number, number] {
  const only = specs.length === 1 ? specs[0]! : undefined
  const indexed = only !== undefined && only.begin !== 'unknown' && 'index' in only.begin ? only.begin.index : 0
  if (indexed > 0 && only!.find !== 'unknown' && 'last' in only!.find) {
    const { last, step } = only!.find
    return [indexed, last >= 0 ? indexed + last : last, step]
  }
  let first = 0
  let last = 0
  for (const { begin, find } of specs) {
    if (begin === 'unknown' || !('index' in begin) || find === 'unknown' || !('last' in find)) continue
    if (find.step !== 1) return [0, 0, 0]
    if (first !== 0 && last !== begin.index - 1) return [0, 0, 0]
    if (first === 0) first = begin.index
    last = find.last >= 0 ? begin.index + find.last : find.last
  }
  return first === 0 ? [0, 0, 0] : [first, last, 1]
}
