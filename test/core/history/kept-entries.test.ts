// All entries are read while a broker goes on, makes checkpoints and moves files to the archive: each once, in order; or an
// error where retention was quicker.

import path from 'node:path'
import test from 'ava'
import { MillraceError } from '../../../core/errors.ts'
import { keptEntries, keptStart } from '../../../core/history/kept-entries.ts'
import { Archive } from '../../../core/log/archive.ts'
import { historyFiles } from '../../../core/log/history-files.ts'
import { seededRandom } from '../../../core/random.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { scale } from '../../scale.ts'
import { freshHistory, goOn, place, randomTurn, recover, settle, turn } from '../crash-workload.ts'
import { checkpoint, close } from './past-workload.ts'

const seed = scale.seed + 30
const archiveFolder = path.join(place.folder, 'archive')

type Outcome = { wanted: number, positions: number[], error: MillraceError | undefined, sealed: number, moved: boolean }

/** Reads in steps; in between the broker works, archives, and (`retains`) removes what is old. */
async function readBeside(n: number, retains: boolean): Promise<Outcome> {
  const random = seededRandom(n)
  const disk = new SimulatedDisk()
  const node = goOn(recover(disk, n), 'everysec', freshHistory())
  const work = (turns: number): void => {
    for (let i = 0; i < turns; i++) turn(node, randomTurn(random, i))
    settle(node)
  }
  for (let i = 0; i < 4; i++) {
    work(5)
    await checkpoint(node, i < 2)
  }
  work(3)
  const { sealed } = node.log
  const wanted = random.u32() % 2 === 0 ? 1 : 1 + (random.u32() % sealed)
  const positions: number[] = []
  const steps = keptEntries({ disk, place, from: wanted, until: undefined, visit: ({ position }) => positions.push(position) })
  let moved = false
  let error: MillraceError | undefined
  try {
    for (;;) {
      for (let i = random.u32() % 6; i > 0; i--) steps.next()
      if (random.u32() % 3 === 0) {
        work(1)
        await checkpoint(node, true)
        moved = true
        if (retains) new Archive(disk, archiveFolder).retain(0, 0)
      }
      if (steps.next().done === true) break
    }
  } catch (thrown) {
    if (!(thrown instanceof MillraceError)) throw thrown
    error = thrown
  }
  await close(node)
  return { wanted, positions, error, sealed, moved }
}

test('what moves to the archive meanwhile is found there', async (t) => {
  t.log(`seed ${seed}`)
  let moved = 0
  for (let n = 0; n < (scale.full ? 100 : 12); n++) {
    const { wanted, positions, error, sealed, moved: files } = await readBeside(seed + n, false)
    t.is(error, undefined, `seed ${seed + n}`)
    t.deepEqual(positions, positions.map((_, i) => wanted + i), `seed ${seed + n}`)
    t.true(positions.at(-1)! >= sealed, `seed ${seed + n}`)
    if (files) moved++
  }
  t.true(moved > 5)
})

test('what retention removes meanwhile is an error that names the entry, not a gap', async (t) => {
  t.log(`seed ${seed}`)
  let refused = 0
  for (let n = 0; n < (scale.full ? 100 : 12); n++) {
    const { wanted, positions, error, sealed } = await readBeside(seed + n, true)
    t.deepEqual(positions, positions.map((_, i) => wanted + i), `seed ${seed + n}`)
    if (error === undefined) t.true(positions.at(-1)! >= sealed, `seed ${seed + n}`)
    else {
      t.is(error.code, 'BEFORE_HISTORY')
      t.regex(error.message, new RegExp(`^the log is kept from \\d+-\\d+ on, not from position ${wanted + positions.length}: log-ret`))
      refused++
    }
  }
  t.true(refused > 2)
})

test('a start that is not kept is an error; where the kept entries begin', async (t) => {
  const disk = new SimulatedDisk()
  const node = goOn(recover(disk, seed), 'everysec', freshHistory())
  const start = (): ReturnType<typeof keptStart> => keptStart(disk, historyFiles(disk, place))
  t.like(start(), { position: 1, base: undefined, isWhole: true })
  for (let i = 0; i < 9; i++) {
    turn(node, randomTurn(seededRandom(seed + i), i))
    settle(node)
    if (i % 3 === 2) await checkpoint(node, true)
  }
  t.like(start(), { position: 1, isWhole: true })
  new Archive(disk, archiveFolder).retain(0, 0)
  const { position, base, isWhole } = start()
  t.true(position > 1)
  t.is(base?.position, position - 1)
  t.false(isWhole)
  const read = (from: number): unknown => [...keptEntries({ disk, place, from, until: undefined, visit: () => {} })]
  t.notThrows(() => read(position))
  t.throws(() => read(position - 1), { code: 'BEFORE_HISTORY' })
  await close(node)
})
