// The HyperLogLog commands: what they log, what they refuse, and that thresholds don't change what the log folds to.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { driver, fold, int, ok, type Driver, type Word } from './driver.ts'

const damaged = '-INVALIDOBJ Corrupted HLL object detected\r\n'
const notOne = '-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n'
const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'

function valueOf(d: Driver, name: string): Buffer {
  const reply = Buffer.from(d.run('GET', name), 'latin1')
  return reply.subarray(reply.indexOf('\n') + 1, -2)
}

const shown = (d: Driver): string[] =>
  d.effects.map(({ command }) => command.toString('latin1').split('\r\n').filter((_, i) => i > 0 && i % 2 === 0).join(' '))

test('counts are exact while they are small, and are kept beside the registers', (t) => {
  const d = driver()
  t.is(d.run('PFADD', 'h', 'a', 'b', 'c', 'a'), int(1))
  t.is(d.run('PFADD', 'h', 'a'), int(0))
  t.is(d.run('PFADD', 'h'), int(0))
  t.is(d.run('PFADD', 'empty'), int(1))
  t.is(d.run('PFCOUNT', 'empty'), int(0))
  t.is(d.run('PFCOUNT', 'h'), int(3))
  t.is(d.run('PFCOUNT', 'h'), int(3))
  t.is(d.run('PFCOUNT', 'none'), int(0))
  t.is(d.run('PFADD', 'g', 'c', 'd'), int(1))
  t.is(d.run('PFCOUNT', 'h', 'none', 'g'), int(4))
  t.is(d.run('PFMERGE', 'm', 'h', 'g'), ok)
  t.is(d.run('PFCOUNT', 'm'), int(4))
  t.is(d.run('PFMERGE', 'h', 'g'), ok)
  t.is(d.run('PFCOUNT', 'h'), int(4))
  t.is(d.run('PFSELFTEST'), ok)
  // A count that was found is a change, one that was known is none.
  t.deepEqual(shown(d), [
    'PFADD h a b c a', 'PFADD empty', 'PFCOUNT empty', 'PFCOUNT h', 'PFADD g c d', 'PFMERGE m h g', 'PFCOUNT m',
    'PFMERGE h g', 'PFCOUNT h',
  ])
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

test('while the log fails, PFCOUNT counts and changes nothing', (t) => {
  const d = driver()
  d.run('PFADD', 'h', 'a', 'b')
  const before = valueOf(d, 'h')
  d.engine.log = { ...d.engine.log, state: 'failing' }
  t.is(d.run('PFCOUNT', 'h'), int(2))
  t.true(valueOf(d, 'h').equals(before))
})

test('a sparse value becomes dense at the bound, and the log says so', (t) => {
  const d = driver()
  d.engine.settings.hllSparseBytesMax = 30
  const elements = Array.from({ length: 20 }, (_, i) => `e${i}`)
  d.run('PFADD', 'h', 'first')
  t.is(d.run('PFDEBUG', 'ENCODING', 'h'), '+sparse\r\n')
  d.run('PFADD', 'h', ...elements)
  t.is(d.run('PFDEBUG', 'ENCODING', 'h'), '+dense\r\n')
  t.deepEqual(shown(d), ['PFADD h first', `PFADD h ${elements.join(' ')}`, 'PFDEBUG TODENSE h'])
  t.is(valueOf(d, 'h').length, 12304)
  t.is(d.run('PFDEBUG', 'TODENSE', 'h'), int(0))
})

const name = fc.constantFrom('a', 'b', 'c')
const elements = fc.array(fc.nat(3000).map((n) => `e${n}`), { maxLength: 60 })
const command = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('PFADD'), name, elements).map(([word, k, of]) => [word, k, ...of]) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('PFCOUNT'), name).map((words): Word[] => words) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('PFCOUNT'), name, name).map((words): Word[] => words) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('PFMERGE'), name, name, name).map((words): Word[] => words) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('PFDEBUG'), fc.constantFrom('TODENSE', 'GETREG'), name).map((w): Word[] => w) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('DEL', 'GET'), name).map((words): Word[] => words) },
)
const bound = fc.constantFrom(0, 40, 200, 3000, 20_000)

test('the log folds to the same bytes, whatever hll-sparse-max-bytes was and is', (t) => {
  fc.assert(fc.property(fc.array(fc.tuple(command, bound), { maxLength: 60 }), (steps) => {
    const d = driver()
    const sets = new Map<string, Set<string>>()
    for (const [words, bytesMax] of steps) {
      d.engine.settings.hllSparseBytesMax = bytesMax
      const reply = d.run(...words)
      const [verb, k, ...rest] = words.map(String)
      if (verb === 'PFADD') sets.set(k!, new Set([...(sets.get(k!) ?? []), ...rest]))
      if (verb === 'PFMERGE') sets.set(k!, new Set([k!, ...rest].flatMap((source) => [...(sets.get(source) ?? [])])))
      if (verb === 'DEL') sets.delete(k!)
      if (verb !== 'PFCOUNT') continue
      const exact = new Set([k!, ...rest].flatMap((source) => [...(sets.get(source) ?? [])])).size
      t.true(Math.abs(Number(reply.slice(1)) - exact) <= Math.max(2, exact * 0.05), `${reply} for ${exact}`)
    }
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
    t.notThrows(() => d.engine.arena.check())
  }), { numRuns: 60 })
})

test('values that are no HyperLogLogs, or damaged ones, are refused and stay as they are', (t) => {
  const d = driver()
  d.run('XADD', 'stream', '1-1', 'f', 'v')
  d.run('PFADD', 'good', ...Array.from({ length: 50 }, (_, i) => `e${i}`))
  const good = valueOf(d, 'good')
  d.run('SET', 'text', 'hello')
  d.run('SET', 'short', 'HYLL\x01')
  d.run('SET', 'encoding', Buffer.concat([good.subarray(0, 4), Buffer.from([2]), good.subarray(5)]))
  d.run('SET', 'dense', Buffer.concat([good.subarray(0, 4), Buffer.from([0]), good.subarray(5)]))
  d.run('SET', 'torn', good.subarray(0, good.length - 5))
  d.run('SET', 'long', Buffer.concat([good, Buffer.from([0x80])]))
  d.run('SET', 'none', good.subarray(0, 16))
  d.run('SET', 'half', Buffer.concat([good.subarray(0, 16), Buffer.from([0x7f])]))
  const digest = stateDigest(d.engine)
  const logged = d.effects.length
  const many = Array.from({ length: 500 }, (_, i) => `n${i}`)
  for (const k of ['text', 'short', 'encoding', 'dense']) {
    for (const words of [['PFADD', k, 'x'], ['PFCOUNT', k], ['PFCOUNT', 'good', k], ['PFMERGE', 'm', k], ['PFDEBUG', 'DECODE', k]]) {
      t.is(d.run(...words), notOne, words.join(' '))
    }
  }
  for (const words of [['PFADD', 'stream', 'x'], ['PFCOUNT', 'stream'], ['PFMERGE', 'stream'], ['PFDEBUG', 'X', 'stream']]) {
    t.is(d.run(...words), wrongType, words.join(' '))
  }
  for (const k of ['torn', 'none', 'half', 'long']) {
    for (const words of [['PFCOUNT', k], ['PFCOUNT', k, 'good'], ['PFMERGE', 'm', k], ['PFDEBUG', 'TODENSE', k]]) {
      t.is(d.run(...words), damaged, words.join(' '))
    }
    if (k !== 'long') t.is(d.run('PFADD', k, ...many), damaged, k)
  }
  t.is(d.run('PFDEBUG', 'X', 'absent'), '-ERR The specified key does not exist\r\n')
  t.is(d.run('PFDEBUG', 'X', 'good'), '-ERR Unknown PFDEBUG subcommand \'X\'\r\n')
  t.is(stateDigest(d.engine), digest)
  t.is(d.effects.length, logged)
})

test('a copy of the bytes is the same HyperLogLog', (t) => {
  const d = driver()
  d.run('PFADD', 'h', 'a', 'b', 'c')
  d.run('SET', 'copy', valueOf(d, 'h'))
  t.is(d.run('PFCOUNT', 'copy', 'h'), int(3))
  t.is(d.run('PFADD', 'copy', 'd'), int(1))
  t.is(d.run('PFCOUNT', 'copy'), int(4))
  t.is(d.run('OBJECT', 'ENCODING', 'copy'), '$3\r\nraw\r\n')
})
