// A log cut at a moment is a log: it recovers to what was true then, also where the cut is within a frame, and verifies.

import path from 'node:path'
import test from 'ava'
import { verifyCheckpoint } from '../../../core/checkpoint/verify-checkpoint.ts'
import { loadBase } from '../../../core/checkpoint/load-base.ts'
import { stateDigest } from '../../../core/digest.ts'
import { cutLog } from '../../../core/history/cut.ts'
import type { CutLog } from '../../../core/history/cut.ts'
import type { Moment } from '../../../core/history/moment.ts'
import { historyFiles } from '../../../core/log/history-files.ts'
import type { LogPlace } from '../../../core/log/manifest.ts'
import { recoverLog } from '../../../core/log/recover.ts'
import { copySalvage } from '../../../core/log/salvage.ts'
import { verifyLog } from '../../../core/log/verify-log.ts'
import { seededRandom } from '../../../core/random.ts'
import type { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { scale } from '../../scale.ts'
import { place } from '../crash-workload.ts'
import { makePast, naiveTruth, scratch } from './past-workload.ts'

const seed = scale.seed + 10
const folded = scratch(3)

function toEnd<T>(steps: Generator<unknown, T, void>): T {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

function fork(disk: SimulatedDisk, moment: Moment | undefined, folder: string): { log: LogPlace; cut: CutLog } {
  const cut = toEnd(cutLog(disk, historyFiles(disk, place), moment))
  const log = { folder, baseName: place.baseName }
  toEnd(copySalvage(disk, cut, log))
  return { log, cut }
}

/** The digest of what a start finds there, and the position that it goes on from. */
function recovered(disk: SimulatedDisk, log: LogPlace): { digest: string; position: number } {
  const { engine, visit } = folded
  engine.replaying = true
  engine.forgetAll()
  engine.lazy.drain()
  const { end } = toEnd(recoverLog({
    disk, place: log, loadTruncated: false, visit, loadBase: (file) => loadBase(engine, disk, file, visit),
  }))
  disk.close(end.fd)
  return { digest: stateDigest(engine), position: end.position }
}

test('50 random moments, most of them within frames', async (t) => {
  t.log(`seed ${seed}`)
  const past = await makePast(seed, 400)
  const random = seededRandom(seed)
  const naive = naiveTruth(past.disk, random, 4).states
  const states = [...naive, ...past.states].filter(() => random.u32() % 3 === 0).slice(0, 50)
  t.is(states.length, 50)
  let shortened = 0
  for (const [i, { position, ms, digest }] of states.entries()) {
    const moment = i % 2 === 0 ? { position } : { position, ms }
    const { log, cut } = fork(past.disk, moment, `/data/fork-${i}`)
    t.is(cut.position, position)
    t.deepEqual(recovered(past.disk, log), { digest, position }, `seed ${seed}: at ${position}`)
    const faults: unknown[] = []
    for (const step of verifyLog(past.disk, log, verifyCheckpoint)) if (step.step === 'fault') faults.push(step.fault)
    t.deepEqual(faults, [])
    if (cut.segments.some((piece) => piece.tail !== undefined)) shortened++
  }
  t.true(shortened > 10, String(shortened))
})

test('at the end, and at a time: the last frame of that time is whole', async (t) => {
  const past = await makePast(seed + 1, 150)
  const end = fork(past.disk, undefined, '/data/end')
  const last = past.history.digests.get(end.cut.position)
  t.truthy(last)
  t.is(recovered(past.disk, end.log).digest, last!)
  const ends = past.states.filter((state, i) => past.states[i + 1] !== undefined && past.states[i + 1]!.ms > state.ms)
  for (const [i, state] of ends.slice(0, 10).entries()) {
    const { log, cut } = fork(past.disk, { ms: state.ms }, `/data/time-${i}`)
    t.is(recovered(past.disk, log).digest, state.digest)
    t.true(cut.segments.every((piece) => piece.tail === undefined))
  }
  t.false(past.disk.list('/data/time-0').some((name) => name.startsWith('temp-')), path.join('/data', 'time-0'))
})
