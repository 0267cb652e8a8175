// Group policies against a naive model, with a clock of their own: leases, backoff, dead letters, order, trimming.
import fc from 'fast-check'
import test from 'ava'
import { Args, frameCommand } from '../../../core/args.ts'
import { visitKeys } from '../../../core/commands/key-positions.ts'
import { coreCommands } from '../../../core/commands/table.ts'
import { stateDigest } from '../../../core/digest.ts'
import { seededRandom } from '../../../core/random.ts'
import { heldEntriesMax } from '../../../core/limits.ts'
import { noPolicy } from '../../../core/types/stream-policy.ts'
import type { Policy } from '../../../core/types/stream-policy.ts'
import type { Engine } from '../../../core/engine.ts'
import { streamOps } from '../../../core/types/stream-ops.ts'
import { driver, encode, fold, int } from '../../core/commands/driver.ts'
import { decode } from '../../resp-value.ts'
import type { RespValue } from '../../resp-value.ts'
import { PlanModel } from './plan-model.ts'
import { checkStream, reloaded, sceneOf } from './scene.ts'

const items = (value: RespValue): RespValue[] => (value.value ?? []) as RespValue[]
const parse = (reply: string): RespValue => decode(Buffer.from(reply, 'latin1'))
const texts = (value: RespValue): string[] => items(value).map((item) => String(item.value))

/** Numbers of the entries in a reply of XREADGROUP of one stream. */
function numbers(reply: string): number[] {
  const [stream] = items(parse(reply))
  return stream === undefined ? [] : items(items(stream)[1]!).map((entry) => Number.parseInt(texts(entry)[0]!, 10))
}

function wordsOf(policy: Policy): string[] {
  const words: string[] = []
  if (policy.leaseMs > 0) words.push('LEASE', String(policy.leaseMs))
  if (policy.backoffMs > 0) words.push('BACKOFF', ...[policy.backoffMs, policy.backoffMaxMs, policy.backoffFactor].map(String))
  if (policy.deliveriesMax > 0) words.push('MAXDELIVERIES', String(policy.deliveriesMax))
  if (policy.deadLetter !== undefined) words.push('DEADLETTER', policy.deadLetter.toString())
  if (policy.ordered !== undefined) words.push('ORDERED', policy.ordered.toString())
  words.push('KEEPUNACKED', policy.keepsUnacked ? 'yes' : 'no')
  return words
}

/** What a stream takes, by its own books: its entry, its value, and when it is planned. */
function memoryOf(engine: Engine, key: string): number {
  const db = engine.dbs[0]!
  const name = Buffer.from(key)
  const entry = db.find(name, 0, name.length, db.hash(name, 0, name.length))
  return engine.arena.usableBytes(entry) + streamOps.memoryBytes(engine, db.rootOf(entry), 0) + db.plannedStreams.memoryBytes()
}

test('random groups with policies agree with a model; log, prefix and file give the same state', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 20, max: 120 }), (seed, steps) => {
      const random = seededRandom(seed)
      const pick = (n: number): number => random.u32() % n
      const one = <T>(list: readonly T[]): T => list[pick(list.length)]!
      const d = driver(seed)
      d.engine.settings.streamNodeEntriesMax = 3
      const scene = sceneOf(d)
      const model = new PlanModel()
      const digests: [number, string][] = []
      const said = (what: string, got: unknown, wanted: unknown): void => {
        if (JSON.stringify(got) === JSON.stringify(wanted)) return
        throw new Error(`seed ${seed}: ${what} gave ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`)
      }
      const randomPolicy = (): Policy => {
        const deadLetter = pick(3) > 0 ? Buffer.from('dead') : undefined
        return {
          ...noPolicy, deadLetter, deliveriesMax: deadLetter === undefined ? 0 : pick(4), leaseMs: one([0, 5, 20]),
          ...pick(2) === 0 ? { backoffMs: 3, backoffMaxMs: 10, backoffFactor: one([1, 1.5, 2]) } : {},
          ordered: pick(2) === 0 ? Buffer.from('k') : undefined, keepsUnacked: pick(2) === 0,
        }
      }
      const setPolicy = (): void => {
        const policy = pick(8) === 0 ? undefined : randomPolicy()
        said('POLICY', d.run('XGROUP', 'POLICY', 's', 'g', ...policy === undefined ? ['OFF'] : wordsOf(policy)), '+OK\r\n')
        model.setPolicy(policy)
      }
      d.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
      setPolicy()
      let top = 0
      for (let i = 0; i < steps; i++) {
        d.clock.advance(pick(6))
        scene.run()
        const now = d.clock.nowMs()
        model.bury(now)
        const some = (): number[] => Array.from({ length: 1 + pick(3) }, () => 1 + pick(top + 1))
        const consumer = one(['a', 'b'])
        const action = pick(13)
        if (action < 3) {
          const key = pick(5) === 0 ? undefined : `k${pick(3)}`
          d.run('XADD', 's', `${++top}-1`, ...key === undefined ? [] : ['k', key], 'f', top)
          model.add(top, key)
        } else if (action < 7) {
          const count = 1 + pick(4)
          const noAck = pick(10) === 0
          const plain = model.policy === undefined
          // Without a policy nothing is delivered again: plain groups are tested elsewhere.
          if (plain) continue
          const reply = d.run('XREADGROUP', 'GROUP', 'g', consumer, 'COUNT', count, ...noAck ? ['NOACK'] : [], 'STREAMS', 's', '>')
          said('a read', numbers(reply), model.read(consumer, count, now, noAck))
        } else if (action < 9) {
          for (const n of some()) said('XACK', d.run('XACK', 's', 'g', `${n}-1`), int(model.ack(n) ? 1 : 0))
        } else if (action === 9) {
          const mode = one(['SILENT', 'FAIL', 'FATAL'] as const)
          const n = 1 + pick(top + 1)
          const error = model.policy !== undefined && pick(2) === 0 ? 'boom' : undefined
          const reply = d.run('XNACK', 's', 'g', mode, 'IDS', 1, `${n}-1`, ...error === undefined ? [] : ['ERROR', error])
          said('XNACK', reply, int(model.nack(n, mode, error, now) ? 1 : 0))
        } else if (action === 10 && (model.policy?.leaseMs ?? 0) > 0) {
          const ms = 1 + pick(model.policy!.leaseMs)
          for (const n of some()) {
            said('XEXTEND', d.run('XEXTEND', 's', 'g', consumer, ms, `${n}-1`), int(model.extend(n, consumer, ms, now) ? 1 : 0))
          }
        } else if (action === 11) {
          if (pick(2) === 0) {
            const n = 1 + pick(top + 1)
            d.run('XDEL', 's', `${n}-1`)
            model.delete(n)
          } else {
            const most = pick(8)
            d.run('XTRIM', 's', 'MAXLEN', most)
            const alive = model.entries.filter((e) => !e.gone)
            const over = alive.slice(0, Math.max(0, alive.length - most))
            for (const { n } of over) if (n < model.keptFrom()) model.delete(n)
          }
        } else if (pick(4) === 0) setPolicy()
        scene.run()
        model.bury(now)
        const listed = items(parse(d.run('XPENDING', 's', 'g', '-', '+', 1000))).map(texts)
        said('what is pending', listed.map(([id, owner, , times]) => [id, owner, times]), model.all().map((p) =>
          [`${p.n}-1`, p.owner ?? '', p.deliveries === 0xffffffff ? '9223372036854775807' : String(p.deliveries)]))
        if (pick(8) === 0) digests.push([d.effects.length, stateDigest(d.engine)])
      }
      said('what is left', items(parse(d.run('XRANGE', 's', '-', '+'))).length, model.entries.filter((e) => !e.gone).length)
      const letters = items(parse(d.run('XRANGE', 'dead', '-', '+'))).map((entry) => {
        const words = texts(items(entry)[1]!)
        const value = (field: string): string => words[words.indexOf(field) + 1]!
        return {
          n: Number.parseInt(value('dead-id'), 10), consumer: value('dead-consumer'), deliveries: value('dead-deliveries'),
          reason: value('dead-reason'), error: value('dead-error'),
        }
      })
      said('dead letters', letters, model.dead)
      checkStream(d.engine, 's')
      digests.push([d.effects.length, stateDigest(d.engine)])
      for (const [length, digest] of digests) said('a prefix of the log', stateDigest(fold(d.effects.slice(0, length))), digest)
      const other = reloaded(d.engine)
      checkStream(other, 's')
      said('a file', stateDigest(other), stateDigest(d.engine))
      d.run('COPY', 's', 'twin')
      d.run('DEL', 's')
      d.run('RENAME', 'twin', 's')
      checkStream(d.engine, 's')
      said('a copy', stateDigest(d.engine), stateDigest(other))
      const told = memoryOf(d.engine, 's')
      const used = d.engine.arena.usedBytes
      d.run('DEL', 's')
      said('MEMORY USAGE', told, used - d.engine.arena.usedBytes)
      return d.engine.dbs[0]!.plannedStreams.count === 0
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test('without a policy, too, a stream takes what its books tell, with pending entries and what producers gave ids', (t) => {
  const d = driver()
  d.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
  for (let n = 0; n < 300; n++) d.run('XADD', 's', 'IDMP', `producer${n % 3}`, `id${n}`, '*', 'f', 'v'.repeat(n))
  d.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 250, 'STREAMS', 's', '>')
  const told = memoryOf(d.engine, 's')
  const used = d.engine.arena.usedBytes
  d.run('DEL', 's')
  t.is(told, used - d.engine.arena.usedBytes)
})

test('what is held or rests is left alone by CLAIM and XAUTOCLAIM; XCLAIM takes what it names', (t) => {
  const d = driver()
  for (const n of [1, 2, 3]) d.run('XADD', 's', `${n}-1`, 'k', 'one')
  d.run('XGROUP', 'CREATE', 's', 'g', '0')
  d.run('XGROUP', 'POLICY', 's', 'g', 'ORDERED', 'k', 'BACKOFF', 50)
  const claim = (): number[] => numbers(d.run('XREADGROUP', 'GROUP', 'g', 'b', 'CLAIM', 0, 'STREAMS', 's', '>'))
  t.deepEqual(numbers(d.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>')), [1])
  d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 1, '1-1')
  t.deepEqual(claim(), [])
  t.is(d.run('XAUTOCLAIM', 's', 'g', 'b', 0, '-'), '*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n')
  d.clock.advance(50)
  t.deepEqual(claim(), [1])
  t.is(d.run('XCLAIM', 's', 'g', 'c', 0, '2-1', 'JUSTID'), '*1\r\n$3\r\n2-1\r\n')
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
  checkStream(d.engine, 's')
})

test('an ordered group holds back so many entries, then it waits; lag is exact also behind what was deleted', (t) => {
  const d = driver(1, 1_700_000_000_000, false)
  const most = heldEntriesMax + 10
  d.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
  d.run('XGROUP', 'POLICY', 's', 'g', 'ORDERED', 'k')
  for (let n = 1; n <= most; n++) d.run('XADD', 's', `${n}-1`, 'k', 'one')
  d.run('XADD', 's', `${most + 1}-1`, 'k', 'two')
  const read = (): number[] => numbers(d.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 2, 'STREAMS', 's', '>'))
  const figures = (): string[] => {
    const words = items(items(parse(d.run('XINFO', 'GROUPS', 's')))[0]!).map((word) => String(word.value))
    return ['pending', 'held', 'lag'].map((name) => words[words.indexOf(name) + 1]!)
  }
  t.deepEqual(read(), [1])
  t.deepEqual(figures(), [heldEntriesMax + 1, heldEntriesMax, 10].map(String))
  t.deepEqual(read(), [])
  d.run('XDEL', 's', `${most}-1`)
  t.deepEqual(figures(), [heldEntriesMax + 1, heldEntriesMax, 9].map(String))
  for (let n = 1; n <= 7; n++) {
    d.run('XACK', 's', 'g', `${n}-1`)
    t.deepEqual(read(), [n + 1])
  }
  d.run('XACK', 's', 'g', '8-1')
  t.deepEqual(read(), [9, most + 1])
  t.deepEqual(figures(), [heldEntriesMax + 2, heldEntriesMax, 0].map(String))
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

test('a stream whose own end came before its plan goes, and nothing is done in it', (t) => {
  const d = driver()
  const scene = sceneOf(d)
  for (const key of ['s', 'u']) {
    d.run('XADD', key, '1-1', 'f', 'v')
    d.run('XGROUP', 'CREATE', key, 'g', '0')
    d.run('XGROUP', 'POLICY', key, 'g', 'LEASE', 50, 'MAXDELIVERIES', 1, 'DEADLETTER', 'dead', 'REAP', 50)
    d.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', key, '>')
  }
  d.run('PEXPIRE', 's', 60)
  // As when there is more that is due than a turn has time for.
  d.engine.settings.activeExpire = false
  d.clock.advance(100)
  scene.run()
  t.is(d.run('EXISTS', 's'), int(0))
  t.is(d.run('XLEN', 'dead'), int(1))
  t.is(scene.deeds.failures, 0)
  checkStream(d.engine, 'u')
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

test('what FORCE and ERROR release together is in the log as it became', (t) => {
  const d = driver()
  d.run('XADD', 's', '1-1', 'f', 'v')
  d.run('XGROUP', 'CREATE', 's', 'g', '$')
  d.run('XGROUP', 'POLICY', 's', 'g', 'LEASE', 50)
  t.is(d.run('XNACK', 's', 'g', 'FAIL', 'IDS', 1, '1-1', 'FORCE', 'ERROR', 'why'), int(1))
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

test('names of any size in a policy are compared', (t) => {
  const d = driver()
  d.run('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
  const large = Buffer.alloc(140_000_000, 'x')
  const set = (): string => d.run('XGROUP', 'POLICY', 's', 'g', 'MAXDELIVERIES', 1, 'DEADLETTER', large)
  t.is(set(), '+OK\r\n')
  const { length } = d.effects
  t.is(set(), '+OK\r\n')
  t.is(d.effects.length, length)
})

/** The keys of an XGROUP POLICY with these options. */
function keysOf(...words: string[]): string[] {
  const found: string[] = []
  const args = new Args()
  const bytes = encode(['XGROUP', 'POLICY', 's', 'g', ...words])
  frameCommand(args, bytes, 0, bytes.length)
  const xgroup = coreCommands.find((spec) => spec.name === 'xgroup')!
  visitKeys(xgroup.subcommands!.find((spec) => spec.name === 'policy')!.keys!, args, 0, (i) => void found.push(args.text(i)))
  return found
}

test('the stream of dead letters is a key of XGROUP POLICY', (t) => {
  t.deepEqual(keysOf(), ['s'])
  t.deepEqual(keysOf('OFF'), ['s'])
  t.deepEqual(keysOf('BACKOFF', '5', '10', '1.5', 'DEADLETTER', 'd', 'LEASE', '5'), ['s', 'd'])
  t.deepEqual(keysOf('ORDERED', 'DEADLETTER', 'DEADLETTER', 'd'), ['s', 'd'])
})
