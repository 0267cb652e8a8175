// The files of a log directory, and the one place that changes which of them count: a segment begins, a checkpoint
// takes the place of what it covers. Each change is one atomic replacement of the manifest; a crash before it leaves
// files that nobody names, a crash after it leaves files that are not in the archive yet. `settle` finds both.
//
//   appendonly.aof.manifest    which files count
//   appendonly.aof.<n>.base.rdb   the checkpoint (as commands: .base.aof)
//   appendonly.aof.<n>.incr.aof   segments, the last one grows

import path from 'node:path'
import type { CheckpointForm } from '../checkpoint/checkpoint-writer.ts'
import type { Disk } from '../disk.ts'
import { headerBytesMax, parseHeader } from './frame.ts'
import { segmentName, writeManifest } from './manifest.ts'
import type { LogPlace, Manifest, ManifestFile } from './manifest.ts'

const originWord = 'origin.'

/** True of a base whose name says that it is no fold of what came before it. */
export function isOrigin(name: string): boolean {
  return /\.origin\.\d+\.base\.(?:rdb|aof)(?:\.\d+)?$/.test(name)
}

export class LogFiles {
  readonly place: LogPlace
  private readonly disk: Disk
  private manifest: Manifest
  /** Full names of what counted once, oldest first, as far as it was still here when that was last asked. */
  private former: string[]
  /** By name of a file whose entries have no positions of their own: that of the entry before its first one. */
  readonly startsAfter: Map<string, number>

  constructor(disk: Disk, place: LogPlace, manifest: Manifest) {
    this.disk = disk
    this.place = place
    this.manifest = manifest
    this.former = []
    this.startsAfter = new Map()
  }

  /** Full names of what counts no more and is in no archive yet, oldest first. */
  get formerFiles(): string[] {
    return this.former.filter((file) => this.disk.size(file) >= 0)
  }

  get base(): ManifestFile | undefined {
    return this.manifest.files.find((f) => f.type === 'b')
  }

  /** In order; the last one is appended to. */
  get segments(): readonly ManifestFile[] {
    return this.manifest.files.filter((f) => f.type === 'i')
  }

  pathOf(file: ManifestFile): string {
    return path.join(this.place.folder, file.name)
  }

  /** Bytes of the base, and of the segments before the last. */
  get sealedBytes(): { base: number; segments: number } {
    const { base } = this
    const sealed = this.segments.slice(0, -1)
    return {
      base: base === undefined ? 0 : Math.max(0, this.disk.size(this.pathOf(base))),
      segments: sealed.reduce((sum, f) => sum + Math.max(0, this.disk.size(this.pathOf(f))), 0),
    }
  }

  /** Makes the next segment's file, names it in the manifest and returns its descriptor. */
  nextSegment(): number {
    const { disk, place } = this
    let seq = Math.max(0, ...this.segments.map((f) => f.seq)) + 1
    // What counted once and is in no archive yet keeps its name.
    while (disk.size(path.join(place.folder, segmentName(place, seq))) > 0) seq++
    const name = segmentName(place, seq)
    const fd = disk.openAppend(path.join(place.folder, name))
    try {
      disk.truncate(fd, 0)
      disk.sync(fd)
      this.change([...this.manifest.files, { name, seq, type: 'i' }])
      // One of that name that counted once is in the archive.
      this.former = this.former.filter((file) => path.basename(file) !== name)
    } catch (error) {
      disk.close(fd)
      throw error
    }
    return fd
  }

  /**
   * A name for a checkpoint in the making: in the folder, so that it can be renamed; never one that counts. `maker`: of
   * one that must not meet the file of another.
   */
  temporaryBase(form: CheckpointForm = 'rdb', maker = ''): string {
    return path.join(this.place.folder, `temp-${maker}${this.place.baseName}.base.${form === 'rdb' ? 'rdb' : 'aof'}`)
  }

  /**
   * The synced file `temporary`, made under a name of `temporaryBase`, becomes the base and takes the place of the one
   * before and of the segments up to number `lastCovered`. Returns the full names of what no longer counts, oldest
   * first, also of what the archive didn't take at earlier times: its affair, and in this order.
   * `follows`: false when the base is no fold of what it takes the place of (another's dataset, or memory that went on
   * without the log). Its name says so, for nobody to fall back from it on what was before.
   */
  installBase(temporary: string, lastCovered: number, follows = true): string[] {
    const { disk, place } = this
    const before = this.manifest.files
    const seq = (this.base?.seq ?? 0) + 1
    const origin = follows || before.length === 0 ? '' : originWord
    const name = `${place.baseName}.${origin}${seq}.base${path.extname(temporary)}`
    disk.rename(temporary, path.join(place.folder, name))
    disk.syncFolder(place.folder)
    const kept = before.filter((f) => f.type === 'i' && f.seq > lastCovered)
    this.change([{ name, seq, type: 'b' }, ...kept])
    const gone = before.filter((f) => !kept.includes(f)).map((f) => this.pathOf(f))
    this.former = [...this.former.filter((file) => disk.size(file) >= 0), ...gone]
    return [...this.former]
  }

  /**
   * What a crash left of earlier changes: beginnings of checkpoints are removed, files that counted once are returned,
   * to be archived, oldest first.
   */
  settle(): string[] {
    const { disk, place } = this
    const named = new Set(this.manifest.files.map((f) => f.name))
    const former: { file: string; order: number }[] = []
    for (const name of disk.list(place.folder)) {
      if (named.has(name) || !name.includes(place.baseName)) continue
      const file = path.join(place.folder, name)
      if (name.startsWith('temp-')) disk.unlink(file)
      const ofSegment = /^(.+\.incr\.aof)\.index$/.exec(name)?.[1]
      if (ofSegment !== undefined && disk.size(path.join(place.folder, ofSegment)) < 0) disk.unlink(file)
      const match = /\.(\d+)\.(base|incr)\.(?:aof|rdb)$/.exec(name)
      if (match === null || !name.startsWith(`${place.baseName}.`)) continue
      // What is newer than all that counts never did: the manifest that would have named it was not written.
      const kind = match[2] === 'base' ? 'b' : 'i'
      const newest = Math.max(0, ...this.manifest.files.filter((f) => f.type === kind).map((f) => f.seq))
      if (Number(match[1]) > newest) {
        if (kind === 'b' || disk.size(file) === 0) disk.unlink(file)
        continue
      }
      former.push({ file, order: Number(match[1]) + (kind === 'b' ? 0 : 0.5) })
    }
    this.former = former.toSorted((a, b) => a.order - b.order).map((f) => f.file)
    return [...this.former]
  }

  private change(files: ManifestFile[]): void {
    writeManifest(this.disk, this.place, { files })
    this.manifest = { files }
  }
}

/** Where a segment of ours begins: its first frame's position and time; undefined when it has none. */
export function segmentStart(disk: Disk, file: string): { position: number; ms: number } | undefined {
  const line = Buffer.alloc(headerBytesMax)
  const fd = disk.openRead(file)
  try {
    const bytes = disk.read(fd, line, 0, line.length, 0)
    const end = line.subarray(0, bytes).indexOf(10)
    const header = end < 0 ? undefined : parseHeader(line, 0, end + 1)
    return header === undefined ? undefined : { position: header.position, ms: header.ms }
  } finally {
    disk.close(fd)
  }
}
