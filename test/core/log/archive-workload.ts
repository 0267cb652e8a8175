// A small workload over a log with rotations, checkpoints and an archive, its bases of a form of their own.

import path from 'node:path'
import { writeAll } from '../../../core/disk.ts'
import { Appender } from '../../../core/log/appender.ts'
import { Archive } from '../../../core/log/archive.ts'
import { MillraceError } from '../../../core/errors.ts'
import type { FallenBack } from '../../../core/log/fall-back.ts'
import { recoverLog } from '../../../core/log/recover.ts'
import type { Recovered } from '../../../core/log/recover.ts'
import type { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { place } from './workload.ts'

export const archiveFolder = path.join(place.folder, 'archive')

/** A base of this test's own: the entries so far, a line each, behind the magic of RDB. */
export function baseOf(entries: readonly string[]): Buffer {
  return Buffer.from(`REDIS${entries.join('\n')}`)
}

export type Opened = { recovered: Recovered; entries: string[]; fallenBack: FallenBack[] }

export function open(disk: SimulatedDisk): Opened {
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

export function drain(steps: Generator<void, void, void>): void {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
}

/** Three checkpoints with writes between them; `acknowledged` is kept up to date for when the machine stops. */
export async function run(disk: SimulatedDisk, acknowledged: string[]): Promise<void> {
  const { recovered, entries } = open(disk)
  const { files } = recovered
  const archive = new Archive(disk, archiveFolder)
  archive.settle()
  drain(archive.adopt(recovered.former, recovered.formerUntil))
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
    const fd = disk.openAppend(files.temporaryBase())
    disk.truncate(fd, 0)
    writeAll(disk, fd, base, 0, base.length, 0)
    disk.sync(fd)
    disk.close(fd)
    drain(archive.adopt(files.installBase(files.temporaryBase(), covered), position + 1))
    archive.retain(i === 11 ? 150 : 10_000, 0)
  }
}

/** Writes over the newest checkpoint, or removes it. */
export function spoil(disk: SimulatedDisk, how: 'damaged' | 'gone'): string {
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
