// Streams of files with a checksum: their nodes are taken over with a glance, and verified by who looks into them. Damage
// is refused at the load all the same, and what a right checksum covers is never read as something that it is not.
import fc from 'fast-check'
import test from 'ava'
import { Crc64 } from '../../../core/checkpoint/crc64.ts'
import { RdbError } from '../../../core/checkpoint/rdb-format.ts'
import { loadFile } from '../../../core/checkpoint/rdb-load.ts'
import { saveNow } from '../../../core/checkpoint/rdb-save.ts'
import { verifyCheckpoint } from '../../../core/checkpoint/verify-checkpoint.ts'
import { stateDigest } from '../../../core/digest.ts'
import type { Engine } from '../../../core/engine.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { driver } from '../commands/driver.ts'
import type { Driver } from '../commands/driver.ts'

const checksumBytes = 8

type Plan = { entries: number; perNode: number; words: number; gone: number[]; compresses: boolean }

const plans = fc.record({
  entries: fc.integer({ min: 1, max: 40 }), perNode: fc.integer({ min: 1, max: 9 }), words: fc.constantFrom(1, 3, 40, 300),
  gone: fc.array(fc.nat(40), { maxLength: 12 }), compresses: fc.boolean(),
})

function streamOf({ entries, perNode, words, gone, compresses }: Plan): Driver {
  const d = driver()
  d.engine.settings.compressesRdb = compresses
  d.engine.settings.streamNodeEntriesMax = perNode
  for (let i = 1; i <= entries; i++) {
    d.run('XADD', 's', `${i * 1000}-${i % 3}`, 'task', `t${i}`, i % 4 === 0 ? 'other' : 'data', 'word'.repeat(words))
  }
  for (const i of gone) d.run('XDEL', 's', `${i * 1000}-${i % 3}`)
  d.run('XGROUP', 'CREATE', 's', 'g', '0')
  d.run('XREADGROUP', 'GROUP', 'g', 'ann', 'COUNT', '3', 'STREAMS', 's', '>')
  d.run('SET', 'k', 'v')
  return d
}

function fileOf(engine: Engine, checksum = true): Buffer {
  const parts: Buffer[] = []
  saveNow(engine, (buf, from, to) => void parts.push(Buffer.from(buf.subarray(from, to))), { aux: {}, checksum })
  return Buffer.concat(parts)
}

/** Loads the file; throws what the load throws. */
function load(bytes: Buffer, checksum = true, d = driver()): Driver {
  const disk = new SimulatedDisk()
  const fd = disk.openAppend('/f.rdb')
  disk.write(fd, bytes, 0, bytes.length, 0)
  d.engine.replaying = true
  try {
    const steps = loadFile(d.engine, disk, '/f.rdb', { checksum })
    while (steps.next().done !== true) continue
  } catch (error) {
    d.engine.forgetAll()
    d.engine.arena.check()
    throw error
  } finally {
    d.engine.replaying = false
  }
  return d
}

/** Gives the file, which was changed, the checksum that it should have. */
function seal(file: Buffer): Buffer {
  const sealed = Buffer.from(file)
  const at = sealed.length - checksumBytes
  const { high, low } = new Crc64().update(sealed, 0, at)
  sealed.writeUInt32LE(low, at)
  sealed.writeUInt32LE(high, at + 4)
  return sealed
}

/** A stream of five nodes that aren't compressed. */
function plainNodes(): Buffer {
  return fileOf(streamOf({ entries: 20, perNode: 4, words: 1, gone: [7], compresses: false }).engine)
}

test('what is loaded by a glance is what was written, and what is loaded in full', (t) => {
  fc.assert(fc.property(plans, (plan) => {
    const d = streamOf(plan)
    const file = fileOf(d.engine)
    const glanced = load(file)
    const again = fileOf(glanced.engine)
    t.is(glanced.run('XLEN', 's'), d.run('XLEN', 's'))
    t.is(infoOf(glanced), infoOf(d))
    t.is(glanced.run('XREVRANGE', 's', '+', '-', 'COUNT', '3'), d.run('XREVRANGE', 's', '+', '-', 'COUNT', '3'))
    t.is(glanced.run('XRANGE', 's', '-', '+'), d.run('XRANGE', 's', '-', '+'))
    const digest = stateDigest(d.engine)
    t.is(stateDigest(glanced.engine), digest)
    for (const db of glanced.engine.dbs) db.check()
    t.is(stateDigest(load(fileOf(d.engine, false)).engine), digest)
    t.is(stateDigest(load(file, false).engine), digest)
    // And written again before anybody looked into its nodes.
    t.is(stateDigest(load(again).engine), digest)
  }), { numRuns: 60 })
})

test('every flipped byte and every cut is refused', (t) => {
  const d = driver()
  for (const compresses of [false, true]) {
    const file = fileOf(streamOf({ entries: 12, perNode: 4, words: 12, gone: [2, 6], compresses }).engine)
    for (let at = 0; at < file.length; at++) {
      const flipped = Buffer.from(file)
      flipped[at] = flipped[at]! ^ (1 << at % 8)
      t.throws(() => load(flipped, true, d), { code: 'RDB_DAMAGED' }, `byte ${at} of ${file.toString('latin1')}`)
      t.throws(() => load(file.subarray(0, at), true, d), { code: 'RDB_DAMAGED' }, `cut at ${at}`)
    }
    t.is(load(file, true, d).run('XLEN', 's'), ':10\r\n')
    d.engine.forgetAll()
  }
})

test('damage under a right checksum is found by who looks into the node, and by a check', (t) => {
  const file = plainNodes()
  const value = file.indexOf('t10')
  t.true(value > 0)
  // The back length of the element: now the listpack can't be walked.
  const damaged = Buffer.from(file)
  damaged[value + 3] = 99
  t.throws(() => load(damaged), { code: 'RDB_DAMAGED', message: /the checksum/ })
  t.throws(() => load(damaged, false), { code: 'RDB_DAMAGED', message: /back length/ })

  const d = load(seal(damaged))
  t.is(d.run('XLEN', 's'), ':19\r\n')
  t.regex(d.run('XRANGE', 's', '1000', '4000'), /^\*4\r\n/)
  t.throws(() => d.run('XRANGE', 's', '10000', '+'), { instanceOf: RdbError })
  t.deepEqual(faults(seal(damaged)), ['a listpack with a wrong back length'])
  t.deepEqual(faults(file), [])
})

test('any byte under a right checksum gives a refusal, an error at the look, or a stream', (t) => {
  const file = plainNodes()
  const from = file.indexOf('task')
  const to = file.lastIndexOf('task')
  let glanced = 0
  for (let at = from; at < to; at++) {
    const other = Buffer.from(file)
    other[at] = other[at]! ^ (1 << at % 8)
    try {
      const d = load(seal(other))
      glanced++
      d.run('XRANGE', 's', '-', '+')
      d.engine.dbs[0]!.check()
    } catch (error) {
      if (!(error instanceof RdbError)) t.is((error as { code?: string }).code, 'RDB_DAMAGED')
    }
  }
  t.true(glanced > (to - from) / 2)
})

test('bytes behind the end are no checksum', (t) => {
  const bare = fileOf(streamOf({ entries: 9, perNode: 3, words: 1, gone: [], compresses: false }).engine, false)
  const tail = Buffer.from([0xff, 1, 2, 3, 4, 5, 6, 7, 8])
  t.throws(() => load(Buffer.concat([bare, tail])), { code: 'RDB_DAMAGED', message: /no checksum, and bytes behind the end/ })
  t.is(load(Buffer.concat([bare, tail.subarray(1)])).run('XLEN', 's'), ':9\r\n')
})

/** XINFO but for what it tells of nodes: some have no live entries. */
function infoOf(d: Driver): string {
  return d.run('XINFO', 'STREAM', 's').replaceAll(/radix[^]*?last/g, '')
}

function faults(bytes: Buffer): string[] {
  const disk = new SimulatedDisk()
  const fd = disk.openAppend('/f.rdb')
  disk.write(fd, bytes, 0, bytes.length, 0)
  return [...verifyCheckpoint(disk, '/f.rdb')].flatMap((step) => (step.step === 'fault' ? [step.fault.reason] : []))
}
