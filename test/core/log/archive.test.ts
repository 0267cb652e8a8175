// Rotation, a checkpoint that takes the place of what it covers, and the archive: whatever the operation a crash comes
// at, nothing acknowledged is lost, and what counted once is in the log or in the archive.
import test from 'ava'
import path from 'node:path'
import { Archive, parseArchive } from '../../../core/log/archive.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { archiveFolder, open, run, spoil } from './archive-workload.ts'
import { place } from './workload.ts'

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
