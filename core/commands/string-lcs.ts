// LCS: the longest common subsequence of two strings, by the usual table of lengths of common prefixes.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { stringValue } from '../types/string.ts'
import type { CommandSpec } from './spec.ts'

/** A stretch that both strings have: inclusive offsets. */
type Match = { a: number; b: number; length: number }

type Options = { length: boolean; index: boolean; withLength: boolean; lengthMin: number }

function parseOptions(a: Args): Options | string {
  const o: Options = { length: false, index: false, withLength: false, lengthMin: 0 }
  for (let i = 3; i < a.count; i++) {
    if (a.is(i, 'IDX')) o.index = true
    else if (a.is(i, 'LEN')) o.length = true
    else if (a.is(i, 'WITHMATCHLEN')) o.withLength = true
    else if (a.is(i, 'MINMATCHLEN') && i + 1 < a.count) {
      const least = a.int(++i)
      if (Number.isNaN(least)) return replies.notInteger
      o.lengthMin = Math.max(0, least)
    } else return replies.syntax
  }
  if (o.index && o.length) return 'ERR If you want both the length and indexes, please just use IDX.'
  return o
}

/** `table[i * (b.length + 1) + j]` is the length for the first i bytes of a and the first j of b. */
function lengthTable(a: Uint8Array, b: Uint8Array): Uint32Array {
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1]!
    let at = i * width + 1
    for (let j = 0; j < b.length; j++, at++) {
      if (b[j] === byte) table[at] = table[at - width - 1]! + 1
      else table[at] = table[at - width]! > table[at - 1]! ? table[at - width]! : table[at - 1]!
    }
  }
  return table
}

/** Walks the table back from its end, as redis-server does: where both ways are as long, b gets shorter. */
function matchesOf(a: Uint8Array, b: Uint8Array, table: Uint32Array): Match[] {
  const width = b.length + 1
  const matches: Match[] = []
  let current: Match | undefined
  let i = a.length
  let j = b.length
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--
      j--
      if (current === undefined) {
        current = { a: i, b: j, length: 1 }
        matches.push(current)
      } else {
        current.a = i
        current.b = j
        current.length++
      }
    } else {
      current = undefined
      if (table[(i - 1) * width + j]! > table[i * width + j - 1]!) i--
      else j--
    }
  }
  return matches
}

function replyMatches(r: Reply, matches: readonly Match[], total: number, o: Options): void {
  const shown = matches.filter((match) => match.length >= o.lengthMin)
  r.map(2)
  r.text('matches')
  r.array(shown.length)
  for (const match of shown) {
    r.array(o.withLength ? 3 : 2)
    r.array(2)
    r.int(match.a)
    r.int(match.a + match.length - 1)
    r.array(2)
    r.int(match.b)
    r.int(match.b + match.length - 1)
    if (o.withLength) r.int(match.length)
  }
  r.text('len')
  r.int(total)
}

function lcs(x: Engine, args: Args, r: Reply): void {
  const { buf, start, end } = args
  const values: Buffer[] = []
  let strings = true
  for (let i = 1; i <= 2; i++) {
    const entry = x.db.lookupRead(buf, start[i]!, end[i]!, x.db.hash(buf, start[i]!, end[i]!))
    if (entry !== 0 && typeOf(x.arena, entry) !== types.string) strings = false
    values.push(entry === 0 || !strings ? Buffer.alloc(0) : stringValue(x.arena, entry))
  }
  if (!strings) {
    r.error('ERR The specified keys must contain string values')
    return
  }
  const o = parseOptions(args)
  if (typeof o === 'string') {
    r.error(o)
    return
  }
  const [a, b] = values as [Buffer, Buffer]
  if ((a.length + 1) * (b.length + 1) * 4 > x.settings.stringBytesMax) {
    r.error('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len')
    return
  }
  const table = lengthTable(a, b)
  const total = table[table.length - 1]!
  if (o.length) {
    r.int(total)
    return
  }
  const matches = matchesOf(a, b, table)
  if (o.index) replyMatches(r, matches, total, o)
  else {
    const common = Buffer.concat(matches.toReversed().map((match) => a.subarray(match.a, match.a + match.length)))
    r.bulk(common, 0, common.length)
  }
}

export const stringLcsCommands: readonly CommandSpec[] = [
  {
    name: 'lcs', arity: -3, flags: ['readonly'], group: 'string', since: '7.0.0',
    summary: 'Finds the longest common subsequence of two strings.',
    complexity: 'O(N*M) where N and M are the lengths of the two strings.',
    keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 1, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key1', type: 'key', keySpec: 0 },
      { name: 'key2', type: 'key', keySpec: 0 },
      { name: 'len', type: 'pure-token', token: 'LEN', optional: true },
      { name: 'idx', type: 'pure-token', token: 'IDX', optional: true },
      { name: 'min-match-len', type: 'integer', token: 'MINMATCHLEN', optional: true },
      { name: 'withmatchlen', type: 'pure-token', token: 'WITHMATCHLEN', optional: true },
    ],
    run: lcs,
  },
]
