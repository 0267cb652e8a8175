// Compaction against the full fold: base + segments compacted and loaded is the state at the cut, for random work of all
// families; what is folded in several steps is what is folded at once; and what a crash or a full disk leaves.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { compactionSteps } from '../../../broker/persistence/compaction.ts'
import type { CompactionPlan } from '../../../broker/persistence/compaction.ts'
import { replayer } from '../../../broker/persistence/recovery.ts'
import type { CompactResult } from '../../../core/checkpoint/compact.ts'
import { saveNow } from '../../../core/checkpoint/rdb-save.ts'
import { datasetDigest, stateDigest } from '../../../core/digest.ts'
import { MillraceError } from '../../../core/errors.ts'
import { SegmentReader } from '../../../core/log/reader.ts'
import { defaultSettings } from '../../../core/settings.ts'
import { requireRedis, startRedis, temporaryDirectory } from '../../process.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { digestOf, forget, freshHistory, goOn, place, recover, segment, turn } from '../crash-workload.ts'
import type { Work } from '../crash-workload.ts'
import { commands, databases, drain, endSegment, forgetEngine, freshEngine, loaded, loadInto, workOn } from './folding.ts'

const target = path.join(place.folder, 'new.rdb')

function planOf(base: string | undefined, segments: readonly string[], verify = true): CompactionPlan {
  const plan = { segments, target, databases, settings: defaultSettings(), aux: { 'redis-ver': '7.4.2' }, checksum: true, verify }
  return base === undefined ? plan : { ...plan, base }
}

/** What a start makes of a checkpoint and the segments behind it: its digest, and that of it saved and loaded. */
function recoveredDigests(disk: SimulatedDisk, base: string | undefined, segments: readonly string[]): [string, string] {
  const engine = freshEngine()
  let position = base === undefined ? 0 : loadInto(engine, disk, base)
  const visit = replayer(engine, commands)
  for (const file of segments) {
    const reader = new SegmentReader(disk, file, position)
    while (reader.next(visit)) continue
    if (reader.finding !== undefined) throw new Error(reader.finding.reason)
    position = reader.position
    reader.close()
  }
  const digest = stateDigest(engine)
  const saved: Buffer[] = []
  saveNow(engine, (buf, from, to) => void saved.push(Buffer.from(buf.subarray(from, to))), { aux: {}, checksum: true })
  forgetEngine(engine)
  disk.place('/data/saved.rdb', Buffer.concat(saved))
  return [digest, loaded(disk, '/data/saved.rdb').digest]
}

for (let seed = 1; seed <= 12; seed++) {
  test(`seed ${seed}: each compaction on the one before holds the state at its cut, and so does one of all`, async (t) => {
    const disk = new SimulatedDisk()
    const node = goOn(recover(disk, seed), 'always', freshHistory())
    let base: string | undefined
    const all: string[] = []
    for (let round = 1; round <= 5; round++) {
      await workOn(node, 30, seed * 10 + round)
      if (node.log.segmentBytes === 0) continue
      const file = segment(all.length + 1)
      await endSegment(node)
      all.push(file)
      const expected = digestOf(node)
      const result = drain(compactionSteps(planOf(base, [file]), disk))
      t.is(result.digest, expected, `round ${round}: what the child computed`)
      const found = loaded(disk, target)
      t.is(found.digest, expected, `round ${round}: what is loaded`)
      t.is(result.position, node.log.sealed)
      t.is(found.position, node.log.sealed)
      t.is(result.bytes, disk.size(target))
      base = path.join(place.folder, `base.${round}.rdb`)
      disk.rename(target, base)
      drain(compactionSteps(planOf(undefined, all, false), disk))
      t.is(loaded(disk, target).digest, expected, `round ${round}: all segments at once`)
    }
    t.true(all.length > 2)
    forget(node)
  })
}

for (let seed = 21; seed <= 32; seed++) {
  test(`seed ${seed}: a compaction holds what a start from the same files comes to, whatever the commands`, async (t) => {
    const disk = new SimulatedDisk()
    const node = goOn(recover(disk, seed), 'always', freshHistory())
    let base: string | undefined
    let segments: string[] = []
    let made = 0
    for (let round = 1; round <= 6; round++) {
      await workOn(node, 25, seed * 10 + round)
      if (node.log.segmentBytes === 0) continue
      await endSegment(node)
      segments.push(segment(++made))
      // Now and then several segments come together.
      if (round % 3 === 1) continue
      const [exact, saved] = recoveredDigests(disk, base, segments)
      const result = drain(compactionSteps(planOf(base, segments), disk))
      t.is(result.digest, exact)
      t.is(loaded(disk, target).digest, saved)
      base = path.join(place.folder, `base.${round}.rdb`)
      disk.rename(target, base)
      segments = []
    }
    t.true(made > 3)
    forget(node)
  })
}

/** No deadlines: of keys they are long over where the clock is real, of fields only newer ones than 7.0 read them. */
function isUndated({ words }: Work): boolean {
  return words.every((command) => !command.some((word) => /EXPIRE|GETEX|SETEX|^[EP]X$/.test(String(word))))
}

test('redis-check-rdb is content with a compaction of random work, and redis-server holds the same keys', async (t) => {
  const dir = temporaryDirectory(t)
  const disk = new SimulatedDisk()
  const node = goOn(recover(disk, 50), 'always', freshHistory())
  let base: string | undefined
  let copied = 0
  for (let round = 1; round <= 3; round++) {
    await workOn(node, round === 1 ? 60 : 4, 500 + round, isUndated)
    await endSegment(node)
    const result = drain(compactionSteps(planOf(base, [segment(round)]), disk))
    copied += result.keysCopied
    base = path.join(place.folder, `base.${round}.rdb`)
    disk.rename(target, base)
  }
  t.true(copied > 0)
  const file = path.join(dir, 'dump.rdb')
  writeFileSync(file, disk.content(base!))
  const counts = node.engine.dbs.map((db) => db.count)
  const digest = datasetDigest(node.engine)
  forget(node)
  if (!requireRedis(t)) return
  const { status, stdout } = spawnSync('redis-check-rdb', [file], { encoding: 'utf8' })
  t.is(status, 0, stdout)
  const redis = await startRedis(t, { dir, args: ['--appendonly', 'no', '--enable-debug-command', 'yes'] })
  const client = await redis.connect()
  for (const [db, count] of counts.entries()) {
    await client.text('SELECT', String(db))
    t.is(await client.text('DBSIZE'), `:${count}\r\n`)
  }
  t.is(await client.text('DEBUG', 'DIGEST'), `+${digest}\r\n`)
  client.destroy()
})

const say = (...words: string[]): string => `*${words.length}\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join('')}`
const library = (name: string, body: string): string => `#!lua name=${name}\nredis.register_function('${name}', ${body})`

test('libraries of functions are folded as the log has them', (t) => {
  const disk = new SimulatedDisk()
  disk.place(segment(1), Buffer.from(say('FUNCTION', 'LOAD', library('one', 'function() return 1 end'))
    + say('FUNCTION', 'LOAD', library('two', 'function() return 2 end')) + say('SELECT', '0') + say('SET', 'key', 'value')))
  disk.place(segment(2), Buffer.from(say('FUNCTION', 'LOAD', 'REPLACE', library('one', 'function() return 3 end'))
    + say('FUNCTION', 'DELETE', 'two') + say('FUNCTION', 'LOAD', library('three', 'function() return 3 end'))))
  const { result, base } = compactTwice(disk)
  t.is(result.keysCopied, 1)
  const engine = freshEngine()
  t.is(loadInto(engine, disk, target), 6)
  t.deepEqual([...engine.libraries.byName.keys()].toSorted(), ['one', 'three'])
  t.is(engine.libraries.byName.get('one'), library('one', 'function() return 3 end'))
  forgetEngine(engine)
  disk.place(segment(2), Buffer.from(say('FUNCTION', 'FLUSH')))
  drain(compactionSteps(planOf(base, [segment(2)]), disk))
  t.is(loadInto(freshEngine(), disk, target), 4)
})

test('a base that begins with a large library is compacted as any other', (t) => {
  const disk = new SimulatedDisk()
  const large = library('large', `function() return '${'x'.repeat(200_000)}' end`)
  disk.place(segment(1), Buffer.from(say('FUNCTION', 'LOAD', large)))
  disk.place(segment(2), Buffer.from(say('SELECT', '0') + say('SET', 'key', 'value')))
  compactTwice(disk)
  const engine = freshEngine()
  loadInto(engine, disk, target)
  t.is(engine.libraries.byName.get('large'), large)
})

test('a plain command whose keys only it knows makes all keys be folded', (t) => {
  const disk = new SimulatedDisk()
  disk.place(segment(1), Buffer.from(say('RPUSH', 'list', '1', '2') + say('MSET', 'w_1', '9', 'w_2', '3', 'o_1', 'a', 'o_2', 'b')))
  disk.place(segment(2), Buffer.from(say('SORT', 'list', 'BY', 'w_*', 'GET', 'o_*', 'STORE', 'sorted')))
  const [exact] = recoveredDigests(disk, undefined, [segment(1), segment(2)])
  const { result } = compactTwice(disk)
  t.is(result.digest, exact)
  t.is(result.keysLoaded, 5)
})

/** Database and words of a command. */
type Step = [db: number, name: string, ...words: (string | number)[]]

/** A node whose log holds these commands, sealed; and the state there. */
async function logOf(turns: readonly (readonly Step[])[]): Promise<{ disk: SimulatedDisk; digests: string[] }> {
  const disk = new SimulatedDisk()
  const node = goOn(recover(disk, 1), 'always', freshHistory())
  const digests: string[] = []
  for (const commands of turns) {
    turn(node, commands.map(([db, ...words]) => ({ session: 0, db, words: [words], transaction: false })))
    await endSegment(node)
    digests.push(digestOf(node))
  }
  forget(node)
  return { disk, digests }
}

function compactTwice(disk: SimulatedDisk): { result: CompactResult; base: string } {
  const base = path.join(place.folder, 'old.rdb')
  drain(compactionSteps(planOf(undefined, [segment(1)]), disk))
  disk.rename(target, base)
  return { result: drain(compactionSteps(planOf(base, [segment(2)]), disk)), base }
}

const before = Array.from({ length: 20 }, (_, i) => [i % 2, 'SET', `key:${i}`, `value ${i}`] as Step)

for (const [what, commands, copied] of [
  ['one key', [[0, 'APPEND', 'key:0', '!']], 19],
  ['SWAPDB alone', [[0, 'SWAPDB', 0, 1]], 20],
  ['SWAPDB, and keys of both', [[0, 'SET', 'key:0', 1], [0, 'SWAPDB', 0, 1], [0, 'DEL', 'key:1'], [1, 'APPEND', 'key:2', 2]], 17],
  ['FLUSHDB', [[0, 'APPEND', 'key:0', 1], [0, 'FLUSHDB'], [0, 'SET', 'key:2', 3]], 10],
  ['MOVE before FLUSHDB', [[0, 'MOVE', 'key:0', 2], [0, 'FLUSHDB']], 10],
  ['FLUSHDB of what SWAPDB brought', [[0, 'SWAPDB', 0, 3], [3, 'RENAME', 'key:2', 'x'], [3, 'FLUSHDB'], [0, 'SET', 'y', 1]], 10],
  ['FLUSHALL', [[1, 'APPEND', 'key:1', 1], [0, 'FLUSHALL'], [3, 'SET', 'x', 1]], 0],
  ['COPY … DB', [[0, 'COPY', 'key:0', 'key:1', 'DB', 1, 'REPLACE'], [0, 'COPY', 'key:2', 'z']], 17],
  ['nothing', [], 20],
] as [string, Step[], number][]) {
  test(`${what}: the rest is copied`, async (t) => {
    const { disk, digests } = await logOf([before, commands.length === 0 ? [[0, 'SET', 'new', 1]] : commands])
    const { result } = compactTwice(disk)
    t.is(result.digest, digests[1])
    t.is(loaded(disk, target).digest, digests[1]!)
    t.is(result.keysCopied, copied)
  })
}

test('a crash at any operation leaves the old files as they were; the next compaction makes the same file', async (t) => {
  const { disk } = await logOf([before, [[0, 'SET', 'key:0', 1], [1, 'SADD', 'set', 'a', 'b']]])
  const { base, result } = compactTwice(disk)
  const whole = disk.content(target)
  const kept = [base, segment(1), segment(2)].map((file) => disk.content(file).toString('latin1'))
  disk.unlink(target)
  const images: SimulatedDisk[] = []
  disk.faults = { watch: () => void images.push(disk.afterKill(), disk.afterPowerFailure(images.length)) }
  drain(compactionSteps(planOf(base, [segment(2)]), disk))
  disk.faults = {}
  t.true(images.length > 6)
  for (const image of images) {
    for (const [i, file] of [base, segment(1), segment(2)].entries()) {
      if (image.size(file) >= 0) t.is(image.content(file).toString('latin1'), kept[i]!)
    }
    if (image.size(base) < 0) continue
    t.is(drain(compactionSteps(planOf(base, [segment(2)]), image)).bytes, result.bytes)
    t.deepEqual(image.content(target), whole)
  }
})

test('a disk that is full or fails ends it with the disk\'s error', async (t) => {
  const { disk } = await logOf([before, [[0, 'SET', 'key:0', 1]]])
  const { base } = compactTwice(disk)
  for (const [operation, code] of [['write', 'ENOSPC'], ['sync', 'EIO'], ['truncate', 'EIO'], ['open', 'EMFILE']] as const) {
    disk.faults = { fail: (done) => (done === operation ? code : undefined) }
    t.is((t.throws(() => drain(compactionSteps(planOf(base, [segment(2)]), disk))) as NodeJS.ErrnoException).code, code)
  }
})

test('any flipped byte of the base or the segment is refused', async (t) => {
  const { disk } = await logOf([before, [[0, 'SET', 'key:0', 1], [0, 'SET', 'key:19', 1]]])
  const { base } = compactTwice(disk)
  for (const file of [base, segment(2)]) {
    const whole = disk.content(file)
    for (let i = 0; i < whole.length; i++) {
      const image = disk.afterKill()
      const damaged = Buffer.from(whole)
      damaged[i] = damaged[i]! ^ 0x11
      image.place(file, damaged)
      const steps = compactionSteps(planOf(base, [segment(2)], false), image)
      const error = t.throws(() => drain(steps), { instanceOf: MillraceError }, `byte ${i}`)
      t.true(['RDB_DAMAGED', 'LOG_DAMAGED'].includes(error.code), `byte ${i}: ${error.message}`)
    }
  }
})
