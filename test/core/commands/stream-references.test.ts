// XDELEX, XACKDEL, and KEEPREF|DELREF|ACKED of XADD and XTRIM: several groups against a naive model, and fold(log) = views.

import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { seededRandom } from '../../../core/random.ts'
import type { Random } from '../../../core/random.ts'
import { array, bulk, driver, fold, int, ok } from './driver.ts'
import type { Driver } from './driver.ts'

type Policy = 'KEEPREF' | 'DELREF' | 'ACKED'
type Group = { last: number, pending: Set<number> }

/** Entries are numbered; number n has the id n-1. */
class Model {
  readonly entries = new Set<number>()
  readonly groups = new Map<string, Group>()
  top = 0

  isReferenced(n: number): boolean {
    return [...this.groups.values()].some((group) => n > group.last || group.pending.has(n))
  }

  forget(n: number): void {
    for (const group of this.groups.values()) group.pending.delete(n)
  }

  deleteEntry(n: number, policy: Policy): number {
    if (policy === 'DELREF') this.forget(n)
    if (!this.entries.has(n)) return -1
    if (policy === 'ACKED' && (this.groups.size === 0 || this.isReferenced(n))) return 2
    this.entries.delete(n)
    return 1
  }

  acknowledgeAndDelete(name: string, n: number, policy: Policy): number {
    const group = this.groups.get(name)
    if (group === undefined) return -1
    if (group.pending.delete(n)) return Math.abs(this.deleteEntry(n, policy))
    if (policy === 'DELREF' && !this.entries.has(n)) this.forget(n)
    return -1
  }

  trim(policy: Policy, goesOn: (n: number, left: number) => boolean): number {
    const before = this.entries.size
    for (const n of this.entries) {
      if (!goesOn(n, this.entries.size)) break
      if (policy === 'ACKED' && this.groups.size > 0 && this.isReferenced(n)) continue
      this.entries.delete(n)
      if (policy === 'DELREF') this.forget(n)
    }
    return before - this.entries.size
  }

  read(name: string, count: number): number[] {
    const group = this.groups.get(name)!
    const fresh = [...this.entries].filter((n) => n > group.last).slice(0, count)
    for (const n of fresh) {
      group.pending.add(n)
      group.last = n
    }
    return fresh
  }
}

const idOf = (n: number): string => `${n}-1`
const entry = (n: number): string => array(bulk(idOf(n)), array(bulk('f'), bulk(String(n))))

function expect(reply: string, wanted: string, what: readonly (string | number)[]): void {
  if (reply !== wanted) throw new Error(`${what.join(' ')}\n got ${JSON.stringify(reply)}\nwant ${JSON.stringify(wanted)}`)
}

function trimming(m: Model, policy: Policy, pick: (n: number) => number): { words: (string | number)[], run: () => number } {
  if (pick(2) === 0) {
    const length = pick(m.entries.size + 3)
    return { words: ['MAXLEN', length], run: () => m.trim(policy, (_n, left) => left > length) }
  }
  const first = pick(m.top + 3)
  return { words: ['MINID', '=', first], run: () => m.trim(policy, (n) => n < first) }
}

/** One random step on the stream `s`, on both. */
function step(d: Driver, m: Model, random: Random): void {
  const pick = (n: number): number => random.u32() % n
  const policy = (['KEEPREF', 'DELREF', 'ACKED'] as const)[pick(3)]!
  const said = policy === 'KEEPREF' && pick(2) === 0 ? [] : [policy]
  const numbers = Array.from({ length: 1 + pick(4) }, () => pick(m.top + 2))
  const ids = ['IDS', numbers.length, ...numbers.map(idOf)]
  const group = `g${pick(3)}`
  const check = (wanted: string, ...words: (string | number)[]): void => expect(d.run(...words), wanted, words)
  d.clock.advance(pick(3))
  switch (pick(8)) {
    case 0: case 1: {
      m.top += 1 + pick(2)
      m.entries.add(m.top)
      const { words, run } = trimming(m, policy, pick)
      if (pick(3) > 0) {
        check(bulk(idOf(m.top)), 'XADD', 's', idOf(m.top), 'f', m.top)
        break
      }
      const wanted = bulk(idOf(m.top))
      run()
      check(wanted, 'XADD', 's', ...(pick(2) === 0 ? [...said, ...words] : [...words, ...said]), idOf(m.top), 'f', m.top)
      break
    }
    case 2: {
      const { words, run } = trimming(m, policy, pick)
      const wanted = int(run())
      check(wanted, 'XTRIM', 's', ...(pick(2) === 0 ? [...said, ...words] : [...words, ...said]))
      break
    }
    case 3: {
      const wanted = array(...numbers.map((n) => int(m.deleteEntry(n, policy))))
      check(wanted, 'XDELEX', 's', ...(pick(2) === 0 ? [...said, ...ids] : [...ids, ...said]))
      break
    }
    case 4: {
      const wanted = array(...numbers.map((n) => int(m.acknowledgeAndDelete(group, n, policy))))
      check(wanted, 'XACKDEL', 's', group, ...said, ...ids)
      break
    }
    case 5: case 6: {
      if (!m.groups.has(group)) break
      const count = 1 + pick(5)
      const fresh = m.read(group, count)
      const wanted = fresh.length === 0 ? '*-1\r\n' : array(array(bulk('s'), array(...fresh.map(entry))))
      check(wanted, 'XREADGROUP', 'GROUP', group, `c${pick(2)}`, 'COUNT', count, 'STREAMS', 's', '>')
      break
    }
    default: {
      if (pick(6) === 0 && m.groups.delete(group)) check(int(1), 'XGROUP', 'DESTROY', 's', group)
      else if (!m.groups.has(group)) {
        const last = pick(m.top + 1)
        m.groups.set(group, { last, pending: new Set() })
        check(ok, 'XGROUP', 'CREATE', 's', group, idOf(last))
      }
    }
  }
}

function whole(d: Driver, m: Model): void {
  expect(d.run('XRANGE', 's', '-', '+'), array(...[...m.entries].map(entry)), ['XRANGE'])
  for (const [name, group] of m.groups) {
    const pending = d.run('XPENDING', 's', name, '-', '+', 10_000).match(/\d+-1(?=\r\n)/g) ?? []
    const wanted = [...group.pending].toSorted((a, b) => a - b).map(idOf)
    if (pending.join() !== wanted.join()) throw new Error(`${name}: pending ${pending.join()}, not ${wanted.join()}`)
  }
  d.engine.groups.check(d.engine.stream.groups)
  d.engine.stream.check()
  d.engine.arena.check()
}

for (const entriesMax of [1, 3, 100]) {
  test(`random policies agree with the model, the log folds to the same state, nothing leaks: blocks of ${entriesMax}`, (t) => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 10, max: 300 }), (seed, steps) => {
        const d = driver(seed)
        d.engine.settings.streamNodeEntriesMax = entriesMax
        const empty = d.engine.arena.usedBytes
        const random = seededRandom(seed)
        const m = new Model()
        d.run('XGROUP', 'CREATE', 's', 'g0', '0', 'MKSTREAM')
        m.groups.set('g0', { last: 0, pending: new Set() })
        for (let i = 0; i < steps; i++) step(d, m, random)
        whole(d, m)
        if (stateDigest(fold(d.effects)) !== stateDigest(d.engine)) throw new Error('the log folds to another state')
        d.run('DEL', 's')
        d.engine.arena.check()
        return d.engine.arena.usedBytes === empty
      }),
      { numRuns: 40 },
    )
    t.pass()
  })
}

for (const policy of ['KEEPREF', 'DELREF', 'ACKED']) {
  test(`an approximate trim with ${policy} folds to what it left, and leaves pending what the policy says`, (t) => {
    const d = driver()
    d.engine.settings.streamNodeEntriesMax = 4
    for (let i = 1; i <= 20; i++) d.run('XADD', 's', `${i}-1`, 'f', 'v')
    d.run('XGROUP', 'CREATE', 's', 'g', '0')
    d.run('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 10, 'STREAMS', 's', '>')
    d.run('XACK', 's', 'g', '3-1')
    t.is(d.run('XTRIM', 's', 'MAXLEN', '~', 10, policy), int(policy === 'ACKED' ? 1 : 8))
    d.run('XADD', 's', policy, 'MAXLEN', '~', 4, '*', 'f', 'v')
    const pending = d.run('XPENDING', 's', 'g', '-', '+', 100).match(/\d+-1(?=\r\n)/g) ?? []
    t.is(pending.length, policy === 'DELREF' ? 0 : 9)
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
  })
}

function wordsOf(command: Buffer): string {
  return command.toString().split('\r\n').filter((_, i) => i > 0 && i % 2 === 0).join(' ').trim()
}

test('what XDELEX and XACKDEL do is logged in words that redis-server 7.0 has', (t) => {
  const d = driver()
  for (const id of ['1-1', '2-1', '3-1']) d.run('XADD', 's', id, 'f', 'v')
  for (const group of ['g', 'h']) {
    d.run('XGROUP', 'CREATE', 's', group, '0')
    d.run('XREADGROUP', 'GROUP', group, 'c', 'STREAMS', 's', '>')
  }
  const from = d.effects.length
  d.run('XDELEX', 's', 'DELREF', 'IDS', 2, '1-1', '9-9')
  d.run('XACKDEL', 's', 'g', 'ACKED', 'IDS', 2, '2-1', '3-1')
  d.run('XACKDEL', 's', 'h', 'ACKED', 'IDS', 2, '2-1', '9-9')
  d.run('XDELEX', 's', 'IDS', 1, '9-9')
  t.deepEqual(d.effects.slice(from).map((effect) => wordsOf(effect.command)), [
    'XACK s g 1-1', 'XACK s h 1-1', 'XDEL s 1-1', 'XACK s g 2-1 3-1', 'XACK s h 2-1', 'XDEL s 2-1',
  ])
})

test('without groups ACKED deletes nothing by XDELEX, and trims as ever', (t) => {
  const d = driver()
  for (const id of ['1-1', '2-1', '3-1']) d.run('XADD', 's', id, 'f', 'v')
  t.is(d.run('XDELEX', 's', 'ACKED', 'IDS', 1, '1-1'), array(int(2)))
  t.is(d.run('XTRIM', 's', 'MAXLEN', 2, 'ACKED'), int(1))
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

const notSyntax = '-ERR syntax error\r\n'
const numbers = '-ERR Number of IDs must be a positive integer\r\n'
const mismatch = '-ERR The `numids` parameter must match the number of arguments\r\n'
const wrongId = '-ERR Invalid stream ID specified as stream command argument\r\n'

for (const command of [['XDELEX', 's'], ['XACKDEL', 's', 'g']]) {
  test(`${command[0]!} refuses what it can't read, and changes nothing then`, (t) => {
    const d = driver()
    d.run('XADD', 's', '1-1', 'f', 'v')
    d.run('XGROUP', 'CREATE', 's', 'g', '0')
    d.run('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>')
    const logged = d.effects.length
    t.is(d.run(...command, 'IDS', 'x', '1-1'), numbers)
    t.is(d.run(...command, 'IDS', '0', '1-1'), numbers)
    t.is(d.run(...command, 'IDS', '-1', '1-1'), numbers)
    t.is(d.run(...command, 'IDS', 3, '1-1', '2-1'), mismatch)
    t.is(d.run(...command, 'IDS', 1, '1-1', '2-1'), notSyntax)
    t.is(d.run(...command, 'IDS', 2, '1-1', 'x'), wrongId)
    t.is(d.run(...command, 'NOPE', 'IDS', 1, '1-1'), notSyntax)
    t.is(d.run(...command, 'DELREF', 'ACKED', 'IDS', 1, '1-1'), notSyntax)
    t.is(d.run(...command, 'KEEPREF', '1-1', '2-1'), notSyntax)
    t.is(d.effects.length, logged)
    d.run('SET', 'str', 'v')
    t.regex(d.run(command[0]!, 'str', ...command.slice(2), 'IDS', 1, '1-1'), /^-WRONGTYPE /)
    t.is(d.run(command[0]!, 'none', ...command.slice(2), 'IDS', 2, '1-1', '1-1'), array(int(-1), int(-1)))
  })
}
