// Which files hold which positions of the log: archived segments, those that wait to be archived, those that count.
// Files are moved and removed at any time; who reads one has it open, and asks anew for the next.

import path from 'node:path'
import { baseForm } from '../checkpoint/base-file.ts'
import type { Disk } from '../disk.ts'
import type { Archive } from './archive.ts'
import { segmentStart } from './log-files.ts'
import type { LogFiles } from './log-files.ts'

export type Segment = {
  file: string
  /** Position of its first entry, and the unix ms of its first frame (0 where it doesn't say). */
  from: number
  ms: number
  /** Its last position: exact where the archive says it, otherwise no less than that. */
  to: number
  /** Entries are still appended to it. */
  isOpen: boolean
}

export class Segments {
  private readonly disk: Disk
  /** First frames of files that count or wait, by their names. */
  private starts: Map<string, { position: number; ms: number }>

  constructor(disk: Disk) {
    this.disk = disk
    this.starts = new Map()
  }

  /** All that have entries now, oldest first; `last`: the last position of the open one. */
  list(files: LogFiles, archive: Archive, last: number): Segment[] {
    const found: Segment[] = []
    let after = 0
    for (const file of archive.files) {
      // A file of plain commands has no positions of its own: it follows what the line before it names.
      const from = file.ms === 0 ? after + 1 : file.from
      after = file.to
      const name = archive.pathOf(file)
      if (file.type === 'b' || !this.isReadable(name)) continue
      found.push({ file: name, from, to: file.to, ms: file.ms, isOpen: false })
    }
    const { base, segments } = files
    const named = segments.map((file) => files.pathOf(file))
    const bases = base === undefined ? [] : [files.pathOf(base)]
    const unarchived = [...files.formerFiles, ...bases, ...named].filter((file) => this.isReadable(file))
    const before = this.starts
    this.starts = new Map()
    for (const file of unarchived) {
      const start = this.startOf(files, file, before)
      if (start === undefined) continue
      found.push({ file, from: start.position, to: last, ms: start.ms, isOpen: file === named.at(-1) })
    }
    found.sort((a, b) => a.from - b.from)
    for (const [i, segment] of found.entries()) segment.to = Math.min(segment.to, (found[i + 1]?.from ?? Infinity) - 1)
    return found
  }

  /** Entries stand in it from its first byte on: behind an RDB they can't be found without reading that. */
  private isReadable(file: string): boolean {
    return baseForm(this.disk, file) === 'log'
  }

  private startOf(
    files: LogFiles, file: string, before: Map<string, { position: number; ms: number }>,
  ): { position: number; ms: number } | undefined {
    const { disk } = this
    if (disk.size(file) <= 0) return undefined
    const after = files.startsAfter.get(path.basename(file))
    const start = before.get(file) ?? segmentStart(disk, file) ??
      (after === undefined ? undefined : { position: after + 1, ms: 0 })
    if (start !== undefined) this.starts.set(file, start)
    return start
  }
}
