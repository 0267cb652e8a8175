// When recovery may fall back from a damaged checkpoint, and when it must refuse and touch nothing.
import test from 'ava'
import path from 'node:path'
import { writeAll } from '../../../core/disk.ts'
import { Appender } from '../../../core/log/appender.ts'
import { Archive } from '../../../core/log/archive.ts'
import { parseManifest, renderManifest } from '../../../core/log/manifest.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { archiveFolder, baseOf, drain, open, spoil } from './archive-workload.ts'
import { place } from './workload.ts'

const manifestFile = path.join(place.folder, `${place.baseName}.manifest`)

type Plan = {
  /** Whether each checkpoint, after four entries each, is a fold of what it takes the place of. */
  checkpoints: readonly boolean[]
  /** Entries behind the last checkpoint. */
  tail: number
}

async function write(disk: SimulatedDisk, plan: Plan): Promise<string[]> {
  const { recovered, entries } = open(disk)
  const { files } = recovered
  const log = new Appender({ disk, end: recovered.end, policy: 'always', nextSegment: () => files.nextSegment(), monotonicMs: () => 0 })
  const append = (): void => {
    const word = `e${entries.length}`
    const text = Buffer.from(`*2\r\n$4\r\nECHO\r\n$${word.length}\r\n${word}\r\n`)
    log.append(0, undefined, text, 0, text.length)
    log.seal(1000 + entries.length)
    entries.push(word)
  }
  for (const follows of plan.checkpoints) {
    for (let i = 0; i < 4; i++) append()
    const covered = files.segments.at(-1)!.seq
    const position = await log.rotate()
    if (!follows) entries.splice(0, position, ...entries.map((_, i) => `e9${i}`))
    const base = baseOf(entries)
    const fd = disk.openAppend(files.temporaryBase())
    writeAll(disk, fd, base, 0, base.length, 0)
    disk.sync(fd)
    disk.close(fd)
    const archive = new Archive(disk, archiveFolder)
    drain(archive.adopt(files.installBase(files.temporaryBase(), covered, follows), position + 1))
    archive.retain(1, 0)
  }
  for (let i = 0; i < plan.tail; i++) append()
  await log.close()
  return entries
}

function everything(disk: SimulatedDisk): Map<string, string> {
  const names = [place.folder, archiveFolder].flatMap((folder) => disk.list(folder).map((name) => path.join(folder, name)))
  return new Map(names.toSorted().map((name) => [name, disk.content(name).toString('latin1')]))
}

function refuses(disk: SimulatedDisk): { code: string, untouched: boolean } {
  const before = everything(disk)
  try {
    open(disk)
  } catch (error) {
    const after = everything(disk)
    return {
      code: (error as Error & { code: string }).code,
      untouched: before.size === after.size && [...before].every(([name, content]) => after.get(name) === content),
    }
  }
  return { code: 'none', untouched: false }
}

function segment(disk: SimulatedDisk): string {
  return path.join(place.folder, disk.list(place.folder).find((name) => name.endsWith('.incr.aof'))!)
}

for (const tail of [0, 2]) {
  test(`the first checkpoint is damaged, ${tail} entries behind it: the log is folded from its first entry`, async (t) => {
    const disk = new SimulatedDisk()
    const entries = await write(disk, { checkpoints: [true], tail })
    spoil(disk, 'damaged')
    const back = open(disk)
    t.deepEqual(back.entries, entries)
    t.is(back.fallenBack[0]!.base, '')
    t.deepEqual(open(disk).entries, entries, 'and so at the next start')
  })

  test(`a checkpoint that is no fold of what was before it, ${tail} entries behind it: nobody falls back from it`, async (t) => {
    const disk = new SimulatedDisk()
    const entries = await write(disk, { checkpoints: [true, false], tail })
    t.deepEqual(open(disk).entries, entries)
    spoil(disk, 'damaged')
    t.deepEqual(refuses(disk), { code: 'RDB_DAMAGED', untouched: true })
  })

  test(`a checkpoint behind one that is no fold, ${tail} entries behind it: one falls back on that`, async (t) => {
    const disk = new SimulatedDisk()
    const entries = await write(disk, { checkpoints: [true, false, true], tail })
    spoil(disk, 'damaged')
    const back = open(disk)
    t.deepEqual(back.entries, entries)
    t.regex(back.fallenBack[0]!.base, /\.origin\.2\.base\.rdb$/)
    spoil(disk, 'damaged')
    t.deepEqual(refuses(disk), { code: 'RDB_DAMAGED', untouched: true })
  })

  test(`a file of the archive is gone, ${tail} entries behind the checkpoint: refused, nothing touched`, async (t) => {
    const disk = new SimulatedDisk()
    await write(disk, { checkpoints: [true, true], tail })
    for (const file of new Archive(disk, archiveFolder).files) {
      const without = disk.afterKill()
      without.unlink(path.join(archiveFolder, file.name))
      spoil(without, 'damaged')
      t.deepEqual(refuses(without), { code: 'RDB_DAMAGED', untouched: true }, file.name)
    }
  })

  test(`Redis has rewritten the log, ${tail} entries before it: its base is not taken for ours`, async (t) => {
    const disk = new SimulatedDisk()
    await write(disk, { checkpoints: [true, true], tail })
    const { files } = parseManifest(disk.content(manifestFile).toString('latin1'), manifestFile)
    disk.place(manifestFile, Buffer.from(renderManifest({ files }).replace(/#crc=.*\n/, '')))
    spoil(disk, 'damaged')
    t.deepEqual(refuses(disk), { code: 'RDB_DAMAGED', untouched: true })
    disk.place(manifestFile, Buffer.from(renderManifest({ files })))
    disk.place(path.join(place.folder, files[0]!.name), Buffer.from('REDIS0010\xfa\x09redis-ver\x067.0.15', 'latin1'))
    t.deepEqual(refuses(disk), { code: 'RDB_DAMAGED', untouched: true })
  })
}

test('positions that do not lead to the segments that count: refused, nothing touched', async (t) => {
  const disk = new SimulatedDisk()
  await write(disk, { checkpoints: [true, true], tail: 2 })
  const other = new SimulatedDisk()
  await write(other, { checkpoints: [true, true, true], tail: 2 })
  disk.place(segment(disk), other.content(segment(other)))
  spoil(disk, 'damaged')
  t.deepEqual(refuses(disk), { code: 'RDB_DAMAGED', untouched: true })
})
