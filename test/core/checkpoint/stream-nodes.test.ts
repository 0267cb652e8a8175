// Streams as Redis writes them, taken over node by node: entries of all kinds against a naive model, what commands do with
// nodes that nobody has looked into yet, and damage.
import fc from 'fast-check'
import test from 'ava'
import { Crc64 } from '../../../core/checkpoint/crc64.ts'
import { RdbOutput } from '../../../core/checkpoint/rdb-output.ts'
import { stateDigest } from '../../../core/digest.ts'
import { scale } from '../../scale.ts'
import { driver, fold, ok } from '../commands/driver.ts'
import type { Driver } from '../commands/driver.ts'

const u64 = 1n << 64n
const seed = scale.seed

type Entry = { ms: bigint; seq: bigint; pairs: [string, string][]; deleted: boolean }
type Node = { ms: bigint; seq: bigint; fields: string[]; entries: Entry[] }

/** An element of a listpack in the form that Redis gives it. */
function element(value: string): Buffer {
  const n = /^(?:0|-?[1-9]\d{0,18})$/.test(value) ? BigInt(value) : undefined
  let body: Buffer
  if (n === undefined || BigInt.asIntN(64, n) !== n) {
    const bytes = Buffer.from(value, 'latin1')
    const size = bytes.length
    const head = size < 64 ? [0x80 | size] : size < 4096 ? [0xe0 | (size >> 8), size & 255] : [0xf0, size & 255, size >> 8, 0, 0]
    body = Buffer.concat([Buffer.from(head), bytes])
  } else if (n >= 0n && n < 128n) body = Buffer.from([Number(n)])
  else if (n >= -4096n && n < 4096n) body = Buffer.from([0xc0 | ((Number(n) >> 8) & 31), Number(n) & 255])
  else {
    const width = [2, 3, 4, 8].find((bytes) => BigInt.asIntN(bytes * 8, n) === n)!
    const bytes = Buffer.alloc(9)
    bytes.writeBigInt64LE(n, 1)
    bytes[0] = { 2: 0xf1, 3: 0xf2, 4: 0xf3, 8: 0xf4 }[width]!
    body = bytes.subarray(0, width + 1)
  }
  const back: number[] = []
  for (let rest = body.length; rest > 0 || back.length === 0; rest >>= 7) back.unshift((rest & 127) | (back.length > 0 ? 128 : 0))
  return Buffer.concat([body, Buffer.from(back)])
}

function listpack(values: readonly (string | number | bigint)[]): Buffer {
  const elements = Buffer.concat(values.map((value) => element(String(value))))
  const head = Buffer.alloc(6)
  head.writeUInt32LE(elements.length + 7, 0)
  head.writeUInt16LE(Math.min(values.length, 65535), 4)
  return Buffer.concat([head, elements, Buffer.from([255])])
}

function nodeListpack(node: Node): Buffer {
  const live = node.entries.filter(({ deleted }) => !deleted).length
  const values: (string | number | bigint)[] = [live, node.entries.length - live, node.fields.length, ...node.fields, 0]
  for (const { ms, seq, pairs, deleted } of node.entries) {
    const same = pairs.length === node.fields.length && pairs.every(([field], i) => field === node.fields[i])
    values.push((same ? 2 : 0) | (deleted ? 1 : 0), BigInt.asIntN(64, ms - node.ms), BigInt.asIntN(64, seq - node.seq))
    if (!same) values.push(pairs.length)
    const words = same ? pairs.map(([, value]) => value) : pairs.flat()
    values.push(...words, same ? words.length + 3 : words.length + 4)
  }
  return listpack(values)
}

function entry(ms: bigint, words: [string, string][], deleted = false): Entry {
  return { ms, seq: 1n, pairs: words, deleted }
}

function node(ms: bigint, ids: bigint[], fields = ['f']): Node {
  return { ms, seq: 0n, fields, entries: ids.map((id) => ({ ms: id, seq: 0n, pairs: [['f', 'v']], deleted: false })) }
}

type Counters = { last: [bigint, bigint]; maxDeleted: [bigint, bigint]; added: number }

/** A payload as RESTORE takes it; the nodes compressed, unless their number is odd. */
function payload(nodes: readonly Node[], length: number, counters: Counters, packs = nodes.map(nodeListpack)): Buffer {
  const out = new RdbOutput(nodes.length % 2 === 0)
  out.byte(19)
  out.length(nodes.length)
  nodes.forEach((node, i) => {
    const id = Buffer.alloc(16)
    id.writeBigUInt64BE(node.ms, 0)
    id.writeBigUInt64BE(node.seq, 8)
    out.string(id, 0, 16)
    out.string(packs[i]!, 0, packs[i]!.length)
  })
  out.length(length)
  const long = (n: bigint): void => out.length64(Number(n >> 32n), Number(n & 0xffffffffn))
  for (const n of [...counters.last, 0n, 0n, ...counters.maxDeleted]) long(n)
  out.length(counters.added)
  out.length(0)
  out.u16(10)
  const { high, low } = new Crc64().update(out.buf, 0, out.at)
  out.u32(low)
  out.u32(high)
  return Buffer.from(out.bytes())
}

const step = fc.constantFrom(0n, 1n, 2n, 127n, 128n, 5000n, 40_000n, 9_000_000n, 3_000_000_000n, 1n << 40n, 1n << 62n)
const word = fc.oneof(
  fc.constantFrom('', '0', '-1', '127', '128', '-4096', '-4097', '4095', '4096', '-32768', '32767', '8388607', '-8388608',
    '8388608', '2147483647', '-2147483648', '3000000000', '-9223372036854775808', '9223372036854775807', '01', '+1', '--1'),
  fc.string({ maxLength: 9, unit: 'binary-ascii' }),
  fc.constantFrom('x'.repeat(63), 'y'.repeat(64), 'z'.repeat(130), 'ab'.repeat(2100)),
)
const pairs = fc.oneof(
  { weight: 3, arbitrary: word.map((value): [string, string][] => [['field', value]]) },
  { weight: 3, arbitrary: fc.tuple(word, word).map(([a, b]): [string, string][] => [['field', a], ['17', b]]) },
  fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 4 }),
)
const start = fc.constantFrom(0n, 5n, 1_700_000_000_000n, (1n << 63n) - 1n)
const steps = fc.array(fc.tuple(step, step, pairs, fc.integer({ min: 0, max: 3 }), fc.nat(6)), { minLength: 1, maxLength: 40 })

/** Nodes of entries whose ids ascend; a quarter of the entries is deleted, but never all of a node. */
const streams = fc.tuple(start, steps).map(([from, made]) => {
  const nodes: Node[] = []
  let ms = from
  let seq = 0n
  for (const [forth, further, words, gone, cut] of made) {
    const later = ms + forth
    const id = later === ms ? { ms, seq: seq + further + 1n } : { ms: later, seq: further }
    if (id.ms >= u64 || id.seq >= u64) break
    ms = id.ms
    seq = id.seq
    let node = nodes.at(-1)
    if (node === undefined || cut === 0) {
      node = { ms, seq, fields: words.map(([field]) => field), entries: [] }
      nodes.push(node)
    }
    node.entries.push({ ms, seq, pairs: words, deleted: gone === 0 })
  }
  for (const { entries } of nodes) entries.at(-1)!.deleted &&= entries.some((one) => !one.deleted)
  return nodes
})

function liveOf(nodes: readonly Node[]): Entry[] {
  return nodes.flatMap((one) => one.entries.filter(({ deleted }) => !deleted))
}

const resp = (text: string): string => `$${text.length}\r\n${text}\r\n`

/** What XRANGE says of the entries. */
function rangeReply(entries: readonly Entry[]): string {
  const one = ({ ms, seq, pairs: words }: Entry): string =>
    `*2\r\n${resp(`${ms}-${seq}`)}*${words.length * 2}\r\n${words.flat().map(resp).join('')}`
  return `*${entries.length}\r\n${entries.map(one).join('')}`
}

function countersOf(nodes: readonly Node[]): Counters {
  const all = nodes.flatMap((node) => node.entries)
  const gone = all.findLast((entry) => entry.deleted)
  const { ms, seq } = all.at(-1)!
  return { last: [ms, seq], maxDeleted: gone === undefined ? [0n, 0n] : [gone.ms, gone.seq], added: all.length }
}

/** A stream that was restored, and the same one made by commands. */
function twins(nodes: readonly Node[]): { restored: Driver; made: Driver } {
  const restored = driver()
  const made = driver()
  const counters = countersOf(nodes)
  restored.run('RESTORE', 's', 0, payload(nodes, liveOf(nodes).length, counters))
  for (const { ms, seq, pairs: words } of nodes.flatMap((node) => node.entries)) made.run('XADD', 's', `${ms}-${seq}`, ...words.flat())
  for (const node of nodes) {
    for (const { ms, seq, deleted } of node.entries) if (deleted) made.run('XDEL', 's', `${ms}-${seq}`)
  }
  return { restored, made }
}

/** A reply without what may be otherwise: where blocks are cut. */
function alike(reply: string | undefined): string | undefined {
  return reply?.replace(/(radix-tree-(?:keys|nodes)\r\n):\d+/g, '$1')
}

function checkStream({ engine }: Driver): void {
  const { arena, dbs, stream } = engine
  dbs[0]!.check()
  dbs[0]!.dict.each((entry) => stream.open(dbs[0]!.rootOf(entry)).check())
  arena.check()
}

test('what was restored reads as the entries of the nodes, from both ends', (t) => {
  fc.assert(fc.property(streams, (nodes) => {
    const live = liveOf(nodes)
    const { restored, made } = twins(nodes)
    t.is(restored.run('XLEN', 's'), `:${live.length}\r\n`)
    t.is(restored.run('XRANGE', 's', '-', '+'), rangeReply(live))
    t.is(restored.run('XREVRANGE', 's', '+', '-'), rangeReply(live.toReversed()))
    t.is(stateDigest(restored.engine), stateDigest(made.engine))
    checkStream(restored)
  }), { numRuns: scale.full ? 400 : 60, seed })
})

test('commands do with nodes that nobody has looked into what they do with any', (t) => {
  const place = fc.nat(1000)
  const commands = fc.array(fc.oneof(
    place.map((at) => ['XDEL', at]), place.map((at) => ['XRANGE', at]), place.map((at) => ['XREVRANGE', at]),
    place.map((at) => ['MAXLEN', at]), place.map((at) => ['MINID', at]), pairs.map((words) => ['XADD', ...words.flat()]),
    fc.constant(['COPY']), fc.constant(['XINFO']), fc.constant(['RESTORE']), place.map((at) => ['XREAD', at]),
  ), { minLength: 1, maxLength: 8 })
  fc.assert(fc.property(streams, commands, (nodes, list) => {
    const { restored, made } = twins(nodes)
    const ids = nodes.flatMap((node) => node.entries.map(({ ms, seq }) => `${ms}-${seq}`))
    for (const [name, ...rest] of list) {
      const id = ids[Number(rest[0]) % ids.length] ?? '0'
      const words: Record<string, (string | number)[]> = {
        XDEL: ['XDEL', 's', id], XRANGE: ['XRANGE', 's', id, '+', 'COUNT', 3], XREVRANGE: ['XREVRANGE', 's', id, '-', 'COUNT', 3],
        MAXLEN: ['XTRIM', 's', 'MAXLEN', Number(rest[0]) % (ids.length + 1)], MINID: ['XTRIM', 's', 'MINID', id],
        XADD: ['XADD', 's', '*', ...rest as string[]], COPY: ['COPY', 's', 'c', 'REPLACE'], XINFO: ['XINFO', 'STREAM', 's', 'FULL'],
        XREAD: ['XREAD', 'COUNT', 2, 'STREAMS', 's', id],
      }
      if (name === 'RESTORE') {
        for (const d of [restored, made]) {
          const reply = Buffer.from(d.run('DUMP', 's'), 'latin1')
          t.is(d.run('RESTORE', 's', 0, reply.subarray(reply.indexOf('\r\n') + 2, -2), 'REPLACE'), ok)
        }
        continue
      }
      const [ours, theirs] = [restored, made].map((d) => d.run(...words[String(name)]!))
      t.is(alike(ours), alike(theirs), String(name))
    }
    t.is(stateDigest(restored.engine), stateDigest(made.engine))
    t.is(stateDigest(fold(restored.effects)), stateDigest(restored.engine))
    for (const d of [restored, made]) {
      checkStream(d)
      d.run('FLUSHALL')
      d.engine.lazy.drain()
      d.engine.arena.check()
    }
  }), { numRuns: scale.full ? 400 : 60, seed })
})

test('an approximate trim takes whole nodes without a look into them', (t) => {
  const nodes = Array.from({ length: 5 }, (_, i): Node => ({
    ms: BigInt(i * 10 + 1), seq: 0n, fields: ['f'],
    entries: Array.from({ length: 4 }, (_each, j): Entry => (
      { ms: BigInt(i * 10 + 1 + j), seq: 0n, pairs: [['f', `${i}`]], deleted: j === 2 })),
  }))
  const { restored } = twins(nodes)
  t.is(restored.run('XTRIM', 's', 'MAXLEN', '~', 8), ':6\r\n')
  t.is(restored.run('XTRIM', 's', 'MINID', '~', '30-0'), ':3\r\n')
  t.is(restored.run('XRANGE', 's', '-', '+'), rangeReply(liveOf(nodes.slice(3))))
  checkStream(restored)
})

test('any byte of a node that is another one gives a bad format or another stream, never a crash', (t) => {
  const nodes: Node[] = [
    {
      ms: 5n, seq: 1n, fields: ['field', '17'], entries: [
        entry(5n, [['field', '100'], ['17', '-5000']]), entry(90_000n, [['other', 'x'.repeat(70)]], true),
        entry(1n << 40n, [['field', '9000000'], ['17', 'text']]), entry((1n << 40n) + 1n, [['field', '-9223372036854775808'], ['17', '']]),
      ],
    },
    { ms: 1n << 41n, seq: 1n, fields: ['f'], entries: [entry(1n << 41n, [['f', 'v'.repeat(130)]])] },
  ]
  const counters = countersOf(nodes)
  const d = driver()
  const used = d.engine.arena.usedBytes
  let refused = 0
  for (const [n, one] of nodes.entries()) {
    const whole = nodeListpack(one)
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const packs = nodes.map(nodeListpack)
        packs[n]![at]! ^= flip
        if (d.run('RESTORE', 's', 0, payload(nodes, 4, counters, packs)) !== ok) {
          refused++
          t.is(d.engine.arena.usedBytes, used)
          continue
        }
        d.run('XRANGE', 's', '-', '+')
        d.run('XADD', 's', '*', 'f', 'v')
        checkStream(d)
        d.run('DEL', 's')
        d.engine.lazy.drain()
      }
    }
    for (let size = 0; size < whole.length; size++) {
      const packs = nodes.map(nodeListpack)
      packs[n] = whole.subarray(0, size)
      t.is(d.run('RESTORE', 's', 0, payload(nodes, 4, counters, packs)), '-ERR Bad data format\r\n')
    }
  }
  t.true(refused > 800, `${refused} were refused`)
})

test('nodes that can\'t be one stream are refused', (t) => {
  const counters: Counters = { last: [99n, 0n], maxDeleted: [0n, 0n], added: 9 }
  const refusedOf = (nodes: Node[], length = liveOf(nodes).length, packs?: Buffer[]): void => {
    const d = driver()
    t.is(d.run('RESTORE', 's', 0, payload(nodes, length, counters, packs)), '-ERR Bad data format\r\n')
    t.is(d.engine.dbs[0]!.count, 0)
  }
  const good = [node(1n, [1n, 2n]), node(5n, [5n, 6n])]
  t.is(driver().run('RESTORE', 's', 0, payload(good, 4, counters)), ok)
  refusedOf(good, 3)
  refusedOf([node(1n, [1n, 1n])])
  refusedOf([node(1n, [2n, 1n])])
  refusedOf([node(3n, [2n, 4n])])
  refusedOf([node(1n, [1n, 5n]), node(5n, [6n])])
  refusedOf([node(1n, [1n, 5n]), node(4n, [6n])])
  refusedOf([node(100n, [100n])])
  refusedOf([node(1n, [1n], [])])
  refusedOf([node(1n, [1n])], 1, [listpack([1, 0, 1, 'f', 0, 2, 0, 0, 'v', 5])])
  refusedOf([node(1n, [1n])], 1, [listpack([1, 0, 1, 'f', 0, 2, 0, 0, 'v', 4, 4])])
  refusedOf([node(1n, [1n])], 1, [listpack([1, 0, 1, 'f', 0, 4, 0, 0, 'v', 4])])
  refusedOf([node(1n, [1n])], 1, [listpack([1, 0, 1, 'f', 0, 0, 0, 0, 0, 4])])
  refusedOf([node(1n, [1n])], 1, [listpack([1, -1, 1, 'f', 0])])
  refusedOf([node(1n, [1n])], 1, [listpack([1, 0, 1, 'f', 1, 2, 0, 0, 'v', 4])])
  refusedOf([node(1n, [1n])], 1, [listpack([1, 0, 1, 'f', 0, 'two', 0, 0, 'v', 4])])
})
