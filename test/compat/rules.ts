// The rules by which replies are settled before they are compared: what depends on the clock gets
// a tolerance, what has no promised order is sorted, what belongs to one machine is masked. What
// differs by intent stands apart, in intended-differences.ts.
import { type RespValue } from '../resp-value.ts'
import { nameOf } from './containers.ts'
import { intendedDifferences } from './intended-differences.ts'
import { mayBeSetKey } from './pool.ts'
import {
  approximate, byText, kindOnly, mapFields, mapItems, sortItems, type Rule, type Settled,
} from './settle.ts'

/** Errors and nulls stay as they are; other replies are reduced to their type. */
const maskSuccess: Rule = (value, side, command) =>
  value.type === '-' || value.value === null ? value : kindOnly(value, side, command)

const sortScan: Rule = (value) =>
  mapItems(value, (item, i) => i === 1 ? sortItems(item) : item)

const pendingEntryTimes = (entries: Settled, at: number): Settled =>
  mapItems(entries, (entry) => mapItems(entry, (item, i) => i === at ? approximate(item) : item))

const consumerTimes = (field: string, item: Settled): Settled => {
  if (field === 'idle' || field === 'inactive') return approximate(item)
  if (field === 'seen-time' || field === 'active-time') return approximate(item)
  return field === 'pel' || field === 'pending' ? pendingEntryTimes(item, 1) : item
}

/** XINFO STREAM FULL: groups hold a `pel` of [id, consumer, time, count] and their consumers. */
const fullStreamTimes: Rule = (value) => mapFields(value, (field, item) => {
  if (field !== 'groups') return item
  return mapItems(item, (group) => mapFields(group, (name, part) => {
    if (name === 'pel' || name === 'pending') return pendingEntryTimes(part, 2)
    if (name !== 'consumers') return part
    return mapItems(part, (consumer) => mapFields(consumer, consumerTimes))
  }))
})

/** True when chance decides what comes back. */
const isPicked = (command: readonly string[]): boolean => command.length < 3 || !/^\d{3,}$/.test(command[2]!)

/** Rules by command, or by command and subcommand. */
const table: Readonly<Record<string, Rule>> = {
  TTL: (value) => approximate(value, 5),
  PTTL: (value) => approximate(value),
  EXPIRETIME: (value) => approximate(value, 5),
  PEXPIRETIME: (value) => approximate(value),
  TIME: maskSuccess,
  LASTSAVE: maskSuccess,
  INFO: maskSuccess,
  RANDOMKEY: maskSuccess,
  ZRANDMEMBER: (value, side, command) => isPicked(command) ? maskSuccess(value, side, command) : value,
  ZSCAN: sortScan,
  KEYS: (value) => sortItems(value),
  SCAN: sortScan,
  HGETALL: (value) => sortFields(value),
  HKEYS: sortItems,
  HVALS: sortItems,
  HRANDFIELD: randomFields,
  HSCAN: sortScanned,
  SMEMBERS: sortItems,
  SINTER: sortItems,
  SUNION: sortItems,
  SDIFF: sortItems,
  SPOP: sortItems,
  SRANDMEMBER: (value, _side, command) => isPicked(command) ? randomFields(value) : sortItems(value),
  SSCAN: sortScan,
  SORT: looseSort,
  SORT_RO: looseSort,
  XPENDING: (value) => pendingEntryTimes(value, 2),
  'XINFO CONSUMERS': (value) => mapItems(value, (item) => mapFields(item, consumerTimes)),
  'XINFO STREAM': fullStreamTimes,
  'OBJECT IDLETIME': (value) => approximate(value, 5),
  'MEMORY USAGE': maskSuccess,
  'CLIENT ID': maskSuccess,
  'CLIENT INFO': maskSuccess,
  'CLIENT LIST': maskSuccess,
  'CONFIG GET': (value) => sortFields(value),
  'FUNCTION LIST': (value) => sortItems(mapItems(value, (library) =>
    mapFields(library, (field, item) => field === 'functions' ? sortItems(item) : item))),
}

/** CONFIG GET walks a hash table in Redis: the order of the pairs has no meaning. */
function sortFields(value: Settled): Settled {
  if (!Array.isArray(value.value)) return value
  const pairs: RespValue[][] = []
  for (let i = 0; i + 1 < value.value.length; i += 2) pairs.push(value.value.slice(i, i + 2))
  pairs.sort((a, b) => byText(a[0]!, b[0]!))
  return { ...value, value: pairs.flat() }
}

/** As many picks as there are; which ones, and in which order, is chance. */
function randomFields(value: Settled): Settled {
  if (value.type === '-' || value.value === null) return value
  return Array.isArray(value.value) ? mapItems(value, (item) => kindOnly(item, 'ours', [])) : kindOnly(value, 'ours', [])
}

/** Where equal texts or a set's own order leave it open which element comes first. */
function looseSort(value: Settled, _side: unknown, command: readonly string[]): Settled {
  const words = command.map((word) => word.toUpperCase())
  const by = words.indexOf('BY')
  const alpha = words.includes('ALPHA')
  const open = by > 0 && alpha || mayBeSetKey(command[1]!) && (alpha || by > 0 && !command[by + 1]?.includes('*'))
  if (!open) return value
  if (!words.includes('LIMIT')) return sortItems(value)
  // Of other elements GET may find something else, or nothing.
  const kind: Settled = { type: '$', value: '' }
  return mapItems(value, (item) => words.includes('GET') ? kind : kindOnly(item, 'ours', []))
}

/** Cursor and pairs of field and value, in no promised order. */
function sortScanned(value: Settled): Settled {
  return mapItems(value, (item, i) => i === 1 ? sortFields(item) : item)
}

/** The rules that a command's reply goes through, in order. */
export function rulesFor(command: readonly string[]): Rule[] {
  const name = command[0]?.toUpperCase() ?? ''
  const sub = nameOf(command)
  const own = table[sub] ?? table[name]
  const intended = intendedDifferences
    .filter((difference) => difference.command === name || difference.command === sub)
    .map((difference) => difference.settle)
  return own === undefined ? intended : [...intended, own]
}
