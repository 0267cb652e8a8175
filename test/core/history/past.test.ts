// What was true at a moment is found again: whole states and single keys, over checkpoints, archive and restarts, against
// the engine that did the work and against a fold from the first entry on.

import path from 'node:path'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { MillraceError } from '../../../core/errors.ts'
import { Archive } from '../../../core/log/archive.ts'
import { historyFiles } from '../../../core/log/history-files.ts'
import type { Moment } from '../../../core/history/moment.ts'
import { foldPast } from '../../../core/history/past.ts'
import type { Stand } from '../../../core/checkpoint/command-format.ts'
import type { Engine } from '../../../core/engine.ts'
import { seededRandom } from '../../../core/random.ts'
import type { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { scale } from '../../scale.ts'
import { place } from '../crash-workload.ts'
import { keyDigest, makePast, naiveTruth, scratch } from './past-workload.ts'
import type { Past } from './past-workload.ts'

const seed = scale.seed
let past: Past
/** One for all: a fresh one would cost more than what is folded into it. */
const folded = scratch(7)

test.before(async (t) => {
  t.log(`seed ${seed}`)
  past = await makePast(seed, 600)
})

function at(disk: SimulatedDisk, moment: Moment | undefined, key?: { db: number; key: string }): { engine: Engine; stand: Stand } {
  const { engine, visit, specOf } = folded
  engine.replaying = true
  engine.forgetAll()
  engine.lazy.drain()
  const keys = key === undefined ? {} : { keys: { db: key.db, names: [Buffer.from(key.key)] } }
  const steps = foldPast({ disk, sources: historyFiles(disk, place), moment, engine, visit, specOf, ...keys })
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return { engine, stand: step.value }
}

function count({ engine }: { engine: Engine }): number {
  return engine.dbs.reduce((sum, db) => sum + db.count, 0)
}

/** Two ways to name a moment. */
function momentsOf({ position, ms }: Stand): Moment[] {
  return [{ position }, { ms, position }]
}

test('the work made checkpoints, an archive, and files on their way there', (t) => {
  const { bases, segments } = historyFiles(past.disk, place)
  t.true(bases.length >= 3, String(bases))
  t.true(segments.length >= 4)
  t.true(new Archive(past.disk, path.join(place.folder, 'archive')).files.length > 0)
  t.true(past.states.length > 300)
})

test('a key at a moment: 1,000 pairs', (t) => {
  const random = seededRandom(seed + 1)
  const naive = naiveTruth(past.disk, random, 3)
  const pairs = [...past.keys, ...naive.keys].filter(() => random.u32() % 2 === 0)
  let present = 0
  for (const truth of pairs.slice(0, 1000)) {
    const moment = momentsOf(truth)[random.u32() % 2]!
    const { engine, stand } = at(past.disk, moment, truth)
    t.is(keyDigest(engine, truth.db, truth.key), truth.digest, `seed ${seed}: ${truth.key} in ${truth.db} at ${truth.position}`)
    t.is(stand.position, truth.position)
    if (truth.digest !== '') present++
  }
  t.true(Math.min(pairs.length, 1000) > 900, String(pairs.length))
  t.true(present > 300, String(present))
})

test('whole states at moments, and at times', (t) => {
  const random = seededRandom(seed + 2)
  const naive = naiveTruth(past.disk, random, 20)
  const states = [...past.states, ...naive.states].filter(() => random.u32() % 4 === 0)
  t.true(states.length > 50)
  for (const truth of states) {
    const { engine } = at(past.disk, momentsOf(truth)[random.u32() % 2]!)
    t.is(stateDigest(engine), truth.digest, `seed ${seed}: at ${truth.position}`)
  }
  // A time stands for the last entry of that time.
  const ends = past.states.filter((state, i) => past.states[i + 1] !== undefined && past.states[i + 1]!.ms > state.ms)
  for (const truth of ends.filter(() => random.u32() % 8 === 0)) {
    const { engine, stand } = at(past.disk, { ms: truth.ms })
    t.is(stateDigest(engine), truth.digest, `seed ${seed}: at ms ${truth.ms}`)
    t.is(engine.now, truth.ms)
    t.true(stand.position <= truth.position)
  }
})

test('only what is asked for is loaded', (t) => {
  const last = past.states.at(-1)!
  t.true(count(at(past.disk, { position: last.position })) > 20)
  t.true(count(at(past.disk, { position: last.position }, { db: 0, key: 'count:0' })) <= 1)
})

test('a moment before what is kept is an error that says from when on there is history', async (t) => {
  const { disk } = await makePast(seed + 3, 300)
  const archive = new Archive(disk, path.join(place.folder, 'archive'))
  // Retention removes the oldest, up to the newest checkpoint of the archive.
  archive.retain(1, 0)
  const { bases } = historyFiles(disk, place)
  const error = t.throws(() => at(disk, { position: 1 }), { instanceOf: MillraceError, code: 'BEFORE_HISTORY' })
  t.regex(error?.message ?? '', /^the log is kept from \d+-\d+ on$/)
  const [ms, position] = / (\d+)-(\d+) /.exec(error!.message)!.slice(1).map(Number) as [number, number]
  t.is(at(disk, { ms, position }).stand.position, position)
  t.true(bases.length > 0)
})
