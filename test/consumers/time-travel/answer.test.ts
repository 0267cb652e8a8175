// LOG AT answers what the engine answered then: commands of all families that read, over checkpoints, archive and
// restarts; and a SCAN goes on from answer to answer.

import test from 'ava'
import { answer } from '../../../consumers/time-travel/answer.ts'
import type { Answer, AtQuestion, Question } from '../../../consumers/time-travel/question.ts'
import { decodeReply } from '../../../broker/resp/reply-value.ts'
import { historyFiles } from '../../../core/log/history-files.ts'
import { indexSegment } from '../../../core/log/log-index.ts'
import { Slices } from '../../../core/log/slices.ts'
import { seededRandom } from '../../../core/random.ts'
import { defaultSettings } from '../../../core/settings.ts'
import type { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { scale } from '../../scale.ts'
import { databases, place } from '../../core/crash-workload.ts'
import { makePast, scratch } from '../../core/history/past-workload.ts'

const seed = scale.seed + 20
const common = { place, positionMax: Number.MAX_SAFE_INTEGER, bytesMax: 2 ** 40 }

function ask(disk: SimulatedDisk, question: Question): Answer {
  const steps = answer(question, disk)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

function atQuestion(position: number, db: number, words: readonly string[]): AtQuestion {
  return {
    ...common, kind: 'at', moment: { position }, db, resp: 2, words: words.map((word) => Buffer.from(word)), databases,
    settings: defaultSettings(), hashSeed: { k0: 1, k1: 2 },
  }
}

function replyOf(found: Answer): string {
  return found.kind === 'at' ? Buffer.from(found.reply).toString('latin1') : JSON.stringify(found)
}

test('replies of the past', async (t) => {
  t.log(`seed ${seed}`)
  const { disk, replies } = await makePast(seed, 300)
  const random = seededRandom(seed)
  const share = Math.max(1, Math.floor(replies.length / (scale.full ? 500 : 150)))
  const names = new Set<string>()
  for (const { position, db, words, reply } of replies.filter(() => random.u32() % share === 0)) {
    names.add(words[0]!)
    t.is(replyOf(ask(disk, atQuestion(position, db, words))), reply, `seed ${seed}: ${words.join(' ')} in ${db} at ${position}`)
  }
  t.true(names.size > 15, [...names].join(' '))
})

test('SCAN goes on where the answer before ended', async (t) => {
  const { disk, history } = await makePast(seed + 1, 60)
  const position = Math.max(...history.digests.keys())
  const all = decodeReply(Buffer.from(replyOf(ask(disk, atQuestion(position, 0, ['KEYS', '*']))), 'latin1'), 0) as Buffer[]
  const seen = new Set<string>()
  let cursor = '0'
  do {
    const reply = replyOf(ask(disk, atQuestion(position, 0, ['SCAN', cursor, 'COUNT', '3'])))
    const [next, keys] = decodeReply(Buffer.from(reply, 'latin1'), 0) as [Buffer, Buffer[]]
    cursor = next.toString()
    for (const key of keys) seen.add(key.toString('latin1'))
  } while (cursor !== '0')
  t.deepEqual([...seen].toSorted(), all.map((key) => key.toString('latin1')).toSorted())
  t.true(seen.size > 5)
})

test('what takes too much memory, and what is damaged, is told', async (t) => {
  const { disk, states } = await makePast(seed + 2, 150)
  const { position } = states.at(-1)!
  const small = ask(disk, { ...atQuestion(position, 0, ['DBSIZE']), bytesMax: 1000 })
  t.like(small, { kind: 'failed', code: 'HISTORY_MEMORY' })
  const history = { ...common, kind: 'history' as const, db: 0, key: Buffer.from('key:1'), from: undefined, to: undefined, count: 1e6 }
  t.like(ask(disk, { ...history, newestFirst: true, bytesMax: 3 }), { kind: 'failed', code: 'HISTORY_MEMORY' })
  const desc = ask(disk, { ...history, newestFirst: true })
  const asc = ask(disk, { ...history, newestFirst: false })
  if (desc.kind !== 'history' || asc.kind !== 'history') return t.fail()
  t.true(asc.entries.length > 8)
  t.deepEqual(desc.entries, asc.entries.toReversed())
  const middle = asc.entries[5]!
  const part = ask(disk, { ...history, newestFirst: false, from: { position: middle.position }, count: 2 })
  t.deepEqual(part.kind === 'history' ? part.entries : part, asc.entries.slice(5, 7))
  t.like(ask(disk, { ...common, kind: 'verify' }), { summary: { findings: 0 } })

  // With indexes beside the segments it is the same.
  const { specOf } = scratch()
  for (const file of historyFiles(disk, place).segments) {
    await indexSegment(disk, file, specOf, new Slices(() => 0, 1))
  }
  t.true(disk.list(place.folder).some((name) => name.endsWith('.index')))
  t.deepEqual(ask(disk, { ...history, newestFirst: false }), asc)
  t.deepEqual(ask(disk, { ...history, newestFirst: true }), desc)

  const segment = disk.list(place.folder).find((name) => name.endsWith('.incr.aof') && disk.size(`${place.folder}/${name}`) > 500)!
  const fd = disk.openAppend(`${place.folder}/${segment}`)
  disk.write(fd, Buffer.from('?'), 0, 1, 300)
  disk.sync(fd)
  const verified = ask(disk, { ...common, kind: 'verify' })
  t.true(verified.kind === 'verify' && verified.summary.findings === 1, JSON.stringify(verified))
})
