// Checkpoints as commands: what they hold is what an RDB of the same state holds, however the forms follow each other; a
// redis-server loads them; what is damaged or missing is noticed.

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import test from 'ava'
import { compactionSteps } from '../../../broker/persistence/compaction.ts'
import { baseForm, baseStand } from '../../../core/checkpoint/base-file.ts'
import type { CheckpointForm } from '../../../core/checkpoint/checkpoint-writer.ts'
import type { CompactResult } from '../../../core/checkpoint/compact.ts'
import { saveNow } from '../../../core/checkpoint/rdb-save.ts'
import { verifyCheckpoint } from '../../../core/checkpoint/verify-checkpoint.ts'
import { datasetDigest, stateDigest } from '../../../core/digest.ts'
import type { Engine } from '../../../core/engine.ts'
import { MillraceError } from '../../../core/errors.ts'
import { writeManifest } from '../../../core/log/manifest.ts'
import type { Fault } from '../../../core/log/verify-segment.ts'
import { realDisk } from '../../../core/disk.ts'
import { seededRandom } from '../../../core/random.ts'
import { defaultSettings } from '../../../core/settings.ts'
import { checkAof, requireRedis, startRedis, temporaryDirectory } from '../../process.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { driver } from '../commands/driver.ts'
import type { Driver } from '../commands/driver.ts'
import { digestOf, forget, freshHistory, goOn, place, recover, segment } from '../crash-workload.ts'
import type { Work } from '../crash-workload.ts'
import { databases, drain, endSegment, forgetEngine, freshEngine, loaded, loadInto, workOn } from './folding.ts'
import { datedHashCommands, valueCommands } from './values.ts'

const baseName = (seq: number, form: CheckpointForm): string =>
  path.join(place.folder, `appendonly.aof.${seq}.base.${form === 'rdb' ? 'rdb' : 'aof'}`)

function compacted(disk: SimulatedDisk, base: string | undefined, segments: string[], target: string, verify = true): CompactResult {
  return drain(compactionSteps({
    ...base === undefined ? {} : { base }, segments, target, form: target.endsWith('.aof') ? 'commands' : 'rdb', databases,
    settings: defaultSettings(), aux: {}, checksum: true, verify,
  }, disk))
}

function saved(engine: Engine, form: CheckpointForm): Buffer {
  const parts: Buffer[] = []
  const keep = (buf: Buffer, from: number, to: number): void => void parts.push(Buffer.from(buf.subarray(from, to)))
  saveNow(engine, keep, { form, aux: { 'millrace-position': 7, 'millrace-ms': engine.now }, checksum: true })
  return Buffer.concat(parts)
}

for (let seed = 1; seed <= 8; seed++) {
  test(`seed ${seed}: each form on each form before holds the state at its cut`, async (t) => {
    const disk = new SimulatedDisk()
    const node = goOn(recover(disk, seed), 'always', freshHistory())
    const random = seededRandom(seed)
    let base: string | undefined
    let copied = 0
    for (let round = 1; round <= 6; round++) {
      await workOn(node, 1 + random.u32() % 40, seed * 10 + round)
      await endSegment(node)
      const expected = digestOf(node)
      const form = random.u32() % 3 === 0 ? 'rdb' : 'commands'
      const target = baseName(round, form)
      const result = compacted(disk, base, [segment(round)], target)
      t.is(result.digest, expected, `round ${round}: what the child computed`)
      t.is(result.position, node.log.sealed)
      t.is(result.bytes, disk.size(target))
      const found = loaded(disk, target)
      t.is(found.digest, expected, `round ${round}: what is loaded (${form})`)
      t.is(found.position, node.log.sealed)
      t.is(found.ms, result.ms)
      t.is(baseForm(disk, target), form)
      t.deepEqual(baseStand(disk, target), { position: result.position, ms: result.ms })
      copied += result.keysCopied
      base = target
    }
    t.true(copied > 0)
    forget(node)
  })
}

const place0 = baseName(1, 'commands')
const keys = ['a', 'b', '12', 'key \r\n\0\xff'.repeat(9)]
const contents = fc.tuple(...keys.map((key) => fc.option(fc.tuple(
  fc.oneof(valueCommands(key), datedHashCommands(key), streamCommands(key)),
  fc.constantFrom('0', '1', '3'), fc.constantFrom('', '1', '1700000100000', '9223372036854775807'),
).map(([words, db, deadline]) => [
  ['SELECT', db], ...words, ...deadline === '' ? [] : [['PEXPIREAT', key, deadline]],
])))).map((parts) => parts.flatMap((part) => part ?? []))

/** Streams of which Redis's commands can't say everything. */
function streamCommands(key: string): fc.Arbitrary<string[][]> {
  return fc.subarray([
    ['XADD', key, '1-1', 'k', 'v', 'f', 'w'], ['XADD', key, '2-0', 'k', 'v'], ['XADD', key, '3-0', 'k', 'x'],
    ['XADD', key, 'IDMP', 'p', '1', '*', 'f', 'v'], ['XCFGSET', key, 'IDMP-MAXSIZE', '7'], ['XGROUP', 'CREATE', key, 'plain', '0'],
    ['XGROUP', 'CREATECONSUMER', key, 'g', ''], ['XGROUP', 'CREATECONSUMER', key, 'g', 'never'],
    ['XGROUP', 'POLICY', key, 'g', 'LEASE', '500', 'BACKOFF', '100', '900', '2.5', 'ORDERED', 'k', 'KEEPUNACKED', 'yes'],
    ['XREADGROUP', 'GROUP', 'g', 'ann', 'STREAMS', key, '>'], ['XNACK', key, 'g', 'FAIL', 'ERROR', 'no \r\n luck', 'IDS', '1', '1-1'],
    ['XDEL', key, '2-0'], ['XDEL', key, '1-1', '2-0', '3-0'], ['XTRIM', key, 'MAXLEN', '0'], ['XSETID', key, '99-9', 'ENTRIESADDED', '40'],
  ], { minLength: 1 }).map((words) => [['XGROUP', 'CREATE', key, 'g', '0', 'MKSTREAM'], ...words])
}

function filled(words: readonly (readonly string[])[]): Driver {
  const d = driver()
  for (const command of words) {
    if (command[0] === 'SELECT') d.session.db = Number(command[1])
    else d.run(...command)
  }
  return d
}

test('an engine written as commands and loaded is the same', (t) => {
  const disk = new SimulatedDisk()
  fc.assert(fc.property(contents, (words) => {
    const { engine } = filled(words)
    engine.libraries.set('lib', '#!lua name=lib\nredis.register_function("f", function() return 1 end)')
    const file = saved(engine, 'commands')
    disk.place(place0, file)
    const found = loaded(disk, place0)
    t.is(found.digest, stateDigest(engine))
    t.deepEqual([found.position, found.ms], [7, engine.now])
    const facts = drain(verifyCheckpoint(disk, place0))
    t.like(facts, { whole: true, position: 7, keys: engine.dbs.reduce((sum, db) => sum + db.count, 0), bytes: file.length })
    // What came from commands is written as it was.
    const again = freshEngine()
    loadInto(again, disk, place0)
    disk.place(place0, saved(again, 'rdb'))
    forgetEngine(again)
    for (const line of file.toString('latin1').split('\n')) if (line.startsWith('#')) t.true(line.length < 1023)
  }), { numRuns: 60 })
})

test('what is written tells whatever is damaged or missing', (t) => {
  const disk = new SimulatedDisk()
  const { engine } = filled([
    ['SET', 'key', 'value'], ['RPUSH', 'list', 'a', 'b'], ['XADD', 's', '1-1', 'f', 'v'], ['XGROUP', 'CREATE', 's', 'g', '0'],
    ['XREADGROUP', 'GROUP', 'g', 'ann', 'STREAMS', 's', '>'],
  ])
  const file = saved(engine, 'commands')
  const refused = (bytes: Buffer, what: string): void => {
    disk.place(place0, bytes)
    const error = t.throws(() => loaded(disk, place0), { instanceOf: MillraceError }, what)
    t.is(error.code, 'LOG_BASE', `${what}: ${error.message}`)
    const faults: Fault[] = []
    const steps = verifyCheckpoint(disk, place0)
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) if (step.value.step === 'fault') faults.push(step.value.fault)
    t.false(step.value.whole, what)
    t.is(faults.length, 1, what)
  }
  for (let i = 0; i < file.length; i++) {
    const damaged = Buffer.from(file)
    damaged[i] = damaged[i]! ^ 0x11
    refused(damaged, `byte ${i} flipped`)
    if (i > 0) refused(file.subarray(0, i), `cut at byte ${i}`)
  }
})

test('a value of many frames goes through a file whose frames stay small', (t) => {
  const disk = new SimulatedDisk()
  const { engine } = filled([
    ['RPUSH', 'list', ...Array.from({ length: 20_000 }, (_, i) => `item ${i} ${'x'.repeat(i % 90)}`)],
    ['RPUSH', 'large', ...Array.from({ length: 9 }, (_, i) => String(i).repeat(300_000))],
    ['SADD', 'set', ...Array.from({ length: 9000 }, (_, i) => `member ${i}`)],
  ])
  disk.place(place0, saved(engine, 'commands'))
  t.is(loaded(disk, place0).digest, stateDigest(engine))
  const frames = disk.content(place0).toString('latin1').matchAll(/^#frame pos=(\d+) n=(\d+) bytes=(\d+)/gm)
  for (const [, , , bytes] of frames) t.true(Number(bytes) < 700_000, bytes)
})

/** No deadlines: of keys they are long over where the clock is real, of fields only newer ones than 7.0 read them. */
function isUndated({ words }: Work): boolean {
  return words.every((command) => !command.some((word) => /EXPIRE|GETEX|SETEX|^[EP]X$/.test(String(word))))
}

test('redis-server starts from such a base, and holds the same', async (t) => {
  const dir = temporaryDirectory(t)
  const disk = new SimulatedDisk()
  const node = goOn(recover(disk, 50), 'always', freshHistory())
  await workOn(node, 90, 501, isUndated)
  await endSegment(node)
  compacted(disk, undefined, [segment(1)], place0)
  const counts = node.engine.dbs.map((db) => db.count)
  const digest = datasetDigest(node.engine)
  forget(node)
  if (!requireRedis(t)) return
  const folder = path.join(dir, 'appendonlydir')
  mkdirSync(folder)
  writeFileSync(path.join(folder, 'appendonly.aof.1.base.aof'), disk.content(place0))
  writeManifest(realDisk(), { folder, baseName: 'appendonly.aof' }, { files: [
    { name: 'appendonly.aof.1.base.aof', seq: 1, type: 'b' },
  ] })
  const { ok, output } = checkAof(dir)
  t.true(ok, output)
  const redis = await startRedis(t, { dir, args: ['--enable-debug-command', 'yes'] })
  const client = await redis.connect()
  for (const [db, count] of counts.entries()) {
    await client.text('SELECT', String(db))
    t.is(await client.text('DBSIZE'), `:${count}\r\n`)
  }
  t.is(await client.text('DEBUG', 'DIGEST'), `+${digest}\r\n`)
  client.destroy()
})
