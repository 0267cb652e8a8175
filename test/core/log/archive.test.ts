// Rotation, a checkpoint that takes the place of what it covers, and the archive: whatever the operation a crash comes
// at, nothing acknowledged is lost, and what counted once is in the log or in the archive.
import test from 'ava'
import path from 'node:path'
import { writeAll } from '../../../core/disk.ts'
import { Appender } from '../../../core/log/appender.ts'
import { Archive, parseArchive } from '../../../core/log/archive.ts'
import { MillraceError } from '../../../core/errors.ts'
import type { FallenBack } from '../../../core/log/fall-back.ts'
import { recoverLog } from '../../../core/log/recover.ts'
import type { Recovered } from '../../../core/log/recover.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { place } from './workload.ts'

const archiveFolder = path.join(place.folder, 'archive')

/** A base of this test's own: the entries so far, a line each, behind the magic of RDB. */
function baseOf(entries: readonly string[]): Buffer {
  return Buffer.from(`REDIS${entries.join('\n')}`)
}

type Opened = { recovered: Recovered; entries: string[]; fallenBack: FallenBack[] }

function open(disk: SimulatedDisk): Opened {
  let entries: string[] = []
  const fallenBack: FallenBack[] = []
  const steps = recoverLog({
    disk, place, loadTruncated: true,
    visit: (entry) => void entries.push(entry.args.text(1)),
    loadBase: function* (file) {
      const bytes = Buffer.alloc(disk.size(file))
      const fd = disk.openRead(file)
      disk.read(fd, bytes, 0, bytes.length, 0)
      disk.close(fd)
      yield
      entries = bytes.toString('latin1', 5).split('\n')
      if (entries.some((entry) => !/^e\d+$/.test(entry))) throw new MillraceError('RDB_DAMAGED', file)
      return { position: entries.length, bytes: bytes.length }
    },
    forget: (_, instead) => {
      entries = []
      fallenBack.push(instead)
    },
  })
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return { recovered: step.value, entries, fallenBack }
}

function drain(steps: Generator<void, void, void>): void {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
}

/** Three checkpoints with writes between them; `acknowledged` is kept up to date for when the machine stops. */
async function run(disk: SimulatedDisk, acknowledged: string[]): Promise<void> {
  const { recovered, entries } = open(disk)
  const { files } = recovered
  const archive = new Archive(disk, archiveFolder)
  archive.settle()
  drain(archive.adopt(recovered.former, 1))
  const log = new Appender({ disk, end: recovered.end, policy: 'always', nextSegment: () => files.nextSegment(), monotonicMs: () => 0 })
  for (let i = 0; i < 12; i++) {
    const word = `e${i}`
    const text = Buffer.from(`*2\r\n$4\r\nECHO\r\n$${word.length}\r\n${word}\r\n`)
    log.append(0, undefined, text, 0, text.length)
    log.seal(1000 + i)
    entries.push(word)
    if (log.state !== 'ok') throw log.failure!
    if (log.safe === log.sealed) acknowledged.push(word)
    if (i % 4 !== 3) continue
    const covered = files.segments.at(-1)!.seq
    const position = await log.rotate()
    const base = baseOf(entries.slice(0, position))
    const fd = disk.openAppend(files.temporaryBase)
    disk.truncate(fd, 0)
    writeAll(disk, fd, base, 0, base.length, 0)
    disk.sync(fd)
    disk.close(fd)
    drain(archive.adopt(files.installBase(files.temporaryBase, covered), position + 1))
    archive.retain(i === 11 ? 150 : 10_000, 0)
  }
}

test('checkpoints take the place of what they cover, and the archive keeps that', async (t) => {
  const disk = new SimulatedDisk()
  const acknowledged: string[] = []
  await run(disk, acknowledged)
  const { recovered, entries } = open(disk)
  t.deepEqual(entries, acknowledged)
  t.is(entries.length, 12)
  t.deepEqual(recovered.former, [])
  t.deepEqual(disk.list(place.folder).toSorted(), [
    'appendonly.aof.3.base.rdb', 'appendonly.aof.4.incr.aof', 'appendonly.aof.manifest',
  ])
  const archive = new Archive(disk, archiveFolder)
  t.deepEqual(archive.files.map(({ name, type, from, to }) => ({ name, type, from, to })), [
    { name: 'appendonly.aof.2.base.rdb', type: 'b', from: 8, to: 8 },
    { name: 'appendonly.aof.3.incr.aof', type: 'i', from: 9, to: 12 },
  ], 'retention removed the oldest, but not what recovery falls back on')
})

test('after a crash at any operation everything acknowledged is there, and a run from there goes on', async (t) => {
  const whole = new SimulatedDisk()
  await run(whole, [])
  for (let stopAt = 0; stopAt < whole.operations; stopAt++) {
    for (const kind of ['power', 'kill'] as const) {
      const disk = new SimulatedDisk({ stopAt })
      const acknowledged: string[] = []
      await t.throwsAsync(run(disk, acknowledged), undefined, `operation ${stopAt}`)
      const after = kind === 'power' ? disk.afterPowerFailure(stopAt) : disk.afterKill()
      const { entries } = open(after)
      t.deepEqual(entries.slice(0, acknowledged.length), acknowledged, `${kind} at operation ${stopAt}`)
      const more: string[] = []
      await run(after, more)
      t.is(more.length, 12)
      t.is(open(after).entries.length, entries.length + 12, `${kind} at operation ${stopAt}, then a run`)
      t.false(after.list(place.folder).some((name) => name.startsWith('temp-')))
      const archive = new Archive(after, archiveFolder)
      for (const file of archive.files) t.is(after.size(archive.pathOf(file)), file.bytes)
      const kept = after.list(archiveFolder).filter((name) => name !== 'archive.manifest' && !name.startsWith('temp-'))
      t.deepEqual(kept.toSorted(), archive.files.map((file) => file.name).toSorted(), `${kind} at operation ${stopAt}`)
    }
  }
})

/** Writes over the newest checkpoint, or removes it. */
function spoil(disk: SimulatedDisk, how: 'damaged' | 'gone'): string {
  const name = disk.list(place.folder).find((one) => one.endsWith('.base.rdb'))!
  const file = path.join(place.folder, name)
  if (how === 'gone') {
    disk.unlink(file)
    disk.syncFolder(place.folder)
    return file
  }
  const fd = disk.openAppend(file)
  disk.write(fd, Buffer.from('?'), 0, 1, 6)
  disk.sync(fd)
  disk.close(fd)
  return file
}

async function prepared(faults: ConstructorParameters<typeof SimulatedDisk>[0]): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(faults)
  await run(disk, [])
  return disk
}

for (const how of ['damaged', 'gone'] as const) {
  test(`a checkpoint that is ${how}: the one before it and the archived segments take its place, whatever the crash`, async (t) => {
    const before = open(await prepared({})).entries
    const disk = await prepared({})
    const bad = spoil(disk, how)
    const first = disk.operations
    const { entries, fallenBack } = open(disk)
    t.deepEqual(entries, before)
    t.is(fallenBack.length, 1)
    t.is(fallenBack[0]!.aside, how === 'damaged' ? `${bad}.damaged` : '')
    t.is(fallenBack[0]!.base, path.join(place.folder, 'appendonly.aof.2.base.rdb'))
    if (how === 'damaged') t.true(disk.size(`${bad}.damaged`) > 0)
    const last = disk.operations
    t.deepEqual(open(disk).fallenBack, [], 'the next start finds it in order')
    t.true(last > first)
    for (let stopAt = first; stopAt < last; stopAt++) {
      for (const kind of ['power', 'kill'] as const) {
        const dying = await prepared({ stopAt })
        spoil(dying, how)
        t.throws(() => open(dying), undefined, `operation ${stopAt}`)
        const after = kind === 'power' ? dying.afterPowerFailure(stopAt) : dying.afterKill()
        t.deepEqual(open(after).entries, before, `${kind} at operation ${stopAt}`)
        await run(after, [])
        t.is(open(after).entries.length, before.length + 12)
      }
    }
    // With the archive gone nothing starts: what is missing is said.
    const alone = await prepared({})
    spoil(alone, how)
    for (const name of alone.list(archiveFolder)) alone.unlink(path.join(archiveFolder, name))
    t.throws(() => open(alone), { code: how === 'damaged' ? 'RDB_DAMAGED' : 'LOG_BASE' })
  })
}

test('an archive\'s manifest that was changed is refused', async (t) => {
  const disk = new SimulatedDisk()
  await run(disk, [])
  const file = path.join(archiveFolder, 'archive.manifest')
  const bytes = Buffer.alloc(disk.size(file))
  disk.read(disk.openRead(file), bytes, 0, bytes.length, 0)
  const lines = bytes.toString('latin1')
  t.is(parseArchive(lines, file).length, 2)
  const first = lines.indexOf('\n')
  for (let at = 0; at < first; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    t.throws(() => parseArchive(changed.toString('latin1'), file), { message: /archive\.manifest: line [12] / }, `byte ${at}`)
  }
})
