// The archive: segments and checkpoints that recovery no longer needs, kept for audit, replay and for falling back, as
// long as retention says. Its manifest is tamper-evident: each line has the SHA-256 of its file and that of the line
// before it.
//
//   file <name> type <b|i> from <position> to <position> ms <first frame's> bytes <n> sha256 <hex> before <hex>
//
// A checkpoint (b) stands at the position `to`, and `from` is the same. `before` of the very first line is zeros; when
// retention has removed lines, the first that is left names one that is gone.

import { createHash } from 'node:crypto'
import path from 'node:path'
import { baseForm } from '../checkpoint/base-file.ts'
import { readFile, replaceFile } from '../disk.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { indexFile } from './index-file.ts'
import { segmentStart } from './log-files.ts'

const hashSliceBytes = 1024 * 1024
const noHash = '0'.repeat(64)
const pattern =
  /^file (\S+) type ([bi]) from (\d+) to (\d+) ms (\d+) bytes (\d+) sha256 ([0-9a-f]{64}) before ([0-9a-f]{64})$/

export type ArchivedFile = {
  name: string
  type: 'b' | 'i'
  from: number
  to: number
  ms: number
  bytes: number
  sha256: string
  /** SHA-256 of the line before this one. */
  before: string
}

export class Archive {
  readonly folder: string
  files: ArchivedFile[]
  private readonly disk: Disk
  private readonly manifest: string

  /** Throws MillraceError LOG_ARCHIVE when its manifest can't be read. */
  constructor(disk: Disk, folder: string) {
    this.disk = disk
    this.folder = folder
    this.manifest = path.join(folder, 'archive.manifest')
    this.files = disk.size(this.manifest) < 0
      ? []
      : parseArchive(readFile(disk, this.manifest).toString('latin1'), this.manifest)
  }

  get bytes(): number {
    return this.files.reduce((sum, file) => sum + file.bytes, 0)
  }

  pathOf(file: ArchivedFile): string {
    return path.join(this.folder, file.name)
  }

  /** Removes what a crash left of retention: files of ours that no line names any more. */
  settle(): void {
    if (this.files.length === 0) return
    const named = new Set(this.files.flatMap((file) => [file.name, indexFile(file.name)]))
    for (const name of this.disk.list(this.folder)) {
      if (named.has(name) || !/\.\d+\.(?:base|incr)\.(?:aof|rdb)(?:\.\d+)?(?:\.index)?$/.test(name)) continue
      this.disk.unlink(path.join(this.folder, name))
    }
  }

  /**
   * Moves files of the log into the archive, oldest first. `position`: the first one that no longer is in them.
   * Hashes in slices: yields in between; another `adopt` may take some of the files meanwhile.
   * A crash leaves files that are here or there, none lost: `adopt` again.
   */
  * adopt(files: readonly string[], position: number): Generator<void, void, void> {
    const { disk } = this
    if (files.length === 0) return
    disk.makeFolder(this.folder)
    disk.syncFolder(path.dirname(this.folder))
    const starts = files.map((file) => (disk.size(file) < 0 ? undefined : segmentStart(disk, file)))
    for (const [i, file] of files.entries()) {
      const bytes = disk.size(file)
      if (bytes < 0) continue
      const isBase = /\.base\.(?:aof|rdb)$/.test(file) || baseForm(disk, file) === 'mixed'
      const next = starts.slice(i + 1).find((start) => start !== undefined)?.position ?? position
      const start = starts[i]
      // An empty segment says nothing.
      if (!isBase && bytes === 0) {
        disk.unlink(file)
        unlinkIndex(disk, file)
        continue
      }
      // The line is written before the file moves: a crash in between leaves a line whose file is still to come.
      const awaited = this.files.find((line) => line.name.startsWith(path.basename(file)) &&
        line.bytes === bytes && disk.size(this.pathOf(line)) < 0)
      if (awaited !== undefined) {
        this.move(file, awaited.name)
        continue
      }
      const sha256 = yield* hashFile(disk, file)
      if (disk.size(file) < 0) continue
      const last = this.files.at(-1)
      const name = this.freeName(path.basename(file))
      const entry: ArchivedFile = {
        name, type: isBase ? 'b' : 'i', from: start?.position ?? next - 1, to: next - 1, ms: start?.ms ?? 0, bytes,
        sha256, before: last === undefined ? noHash : hashText(renderLine(last)),
      }
      this.write([...this.files, entry])
      this.move(file, name)
    }
  }

  /**
   * Removes the oldest files until there are no more than `bytesMax` bytes and none whose frames began before
   * `since` (unix ms). The newest checkpoint here and what came after it stay, or all when it is whole from position 1:
   * recovery falls back on them.
   */
  retain(bytesMax: number, since: number): void {
    const removable = bytesMax === 0 ? this.files.length : this.fallbackStart
    let gone = 0
    let { bytes } = this
    while (gone < removable) {
      const file = this.files[gone]!
      if (bytes <= bytesMax && (file.ms === 0 || file.ms >= since)) break
      bytes -= file.bytes
      gone++
    }
    if (gone === 0) return
    const removed = this.files.slice(0, gone)
    this.write(this.files.slice(gone))
    for (const file of removed) {
      this.disk.unlink(this.pathOf(file))
      unlinkIndex(this.disk, this.pathOf(file))
    }
  }

  /** Index of the first file that recovery falls back on; `files.length` when it can't. */
  get fallbackStart(): number {
    const checkpoint = this.files.findLastIndex((file) => file.type === 'b')
    if (checkpoint >= 0) return checkpoint
    return this.files[0]?.from === 1 ? 0 : this.files.length
  }

  /** The newest `count` files were moved back to the log: their lines go. */
  giveBack(count: number): void {
    this.write(this.files.slice(0, this.files.length - count))
  }

  private move(file: string, name: string): void {
    const { disk } = this
    const target = path.join(this.folder, name)
    disk.rename(file, target)
    if (disk.size(indexFile(file)) >= 0) disk.rename(indexFile(file), indexFile(target))
    disk.syncFolder(this.folder)
    disk.syncFolder(path.dirname(file))
  }

  private freeName(name: string): string {
    let free = name
    for (let n = 2; this.files.some((file) => file.name === free); n++) free = `${name}.${n}`
    return free
  }

  /** The manifest names these from now on, or those before when the disk refuses. */
  private write(files: ArchivedFile[]): void {
    const text = files.map((file) => `${renderLine(file)}\n`).join('')
    replaceFile(this.disk, this.manifest, Buffer.from(text, 'latin1'))
    this.files = files
  }
}

/** What the archive in `folder` names, oldest first; nothing where its manifest is damaged, of which `check` tells. */
export function archivedFiles(disk: Disk, folder: string): (ArchivedFile & { file: string })[] {
  try {
    const archive = new Archive(disk, folder)
    return archive.files.map((one) => ({ ...one, file: archive.pathOf(one) }))
  } catch (error) {
    if (error instanceof MillraceError) return []
    throw error
  }
}

/** What can be made anew at any time goes with its segment. */
function unlinkIndex(disk: Disk, segment: string): void {
  if (disk.size(indexFile(segment)) >= 0) disk.unlink(indexFile(segment))
}

export function renderLine(file: ArchivedFile): string {
  return `file ${file.name} type ${file.type} from ${file.from} to ${file.to} ms ${file.ms} bytes ${file.bytes} ` +
    `sha256 ${file.sha256} before ${file.before}`
}

/** Lines of an archive's manifest, their chain verified. Throws MillraceError LOG_ARCHIVE with the line's number. */
export function parseArchive(text: string, file: string): ArchivedFile[] {
  const files: ArchivedFile[] = []
  let before = ''
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue
    const match = pattern.exec(line)
    if (match === null) throw new MillraceError('LOG_ARCHIVE', `${file}: line ${i + 1} is no line of an archive`)
    if (before !== '' && match[8] !== before) {
      throw new MillraceError('LOG_ARCHIVE', `${file}: line ${i + 1} doesn't follow the line before it`)
    }
    before = hashText(line)
    files.push({
      name: match[1]!, type: match[2] as 'b' | 'i', from: Number(match[3]), to: Number(match[4]), ms: Number(match[5]),
      bytes: Number(match[6]), sha256: match[7]!, before: match[8]!,
    })
  }
  return files
}

function hashText(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex')
}

/** SHA-256 of a file in hex; yields after each slice. */
export function* hashFile(disk: Disk, file: string): Generator<void, string, void> {
  const hash = createHash('sha256')
  const slice = Buffer.alloc(Math.max(1, Math.min(hashSliceBytes, disk.size(file))))
  const fd = disk.openRead(file)
  try {
    for (let at = 0; ;) {
      const came = disk.read(fd, slice, 0, slice.length, at)
      if (came === 0) return hash.digest('hex')
      hash.update(slice.subarray(0, came))
      at += came
      yield
    }
  } finally {
    disk.close(fd)
  }
}
