// Verifies a log directory: its manifest, every file that it names, the positions from one to the next, and what else
// lies there. Nothing is written. A broker may be at work on it meanwhile: what it is just writing is no fault.

import path from 'node:path'
import { baseForm, holdsEntries } from '../checkpoint/base-file.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { historyRestartsMax } from '../limits.ts'
import { indexFile } from './index-file.ts'
import { manifestPath, readManifest } from './manifest.ts'
import type { LogPlace, ManifestFile } from './manifest.ts'
import { verifySegment } from './verify-segment.ts'
import type { Fault, FaultKind, SegmentFacts, VerifyStep } from './verify-segment.ts'

/** What a checkpoint says of itself. */
export type CheckpointFacts = {
  file: string
  bytes: number
  keys: number
  /** The log's position that it stands at, 0 when it doesn't say; unix ms likewise. */
  position: number
  ms: number
  /** It is whole. */
  whole: boolean
}

export type LogFacts = { base: CheckpointFacts | undefined, segments: SegmentFacts[] }

/** Verifies a checkpoint; yields what it finds. */
export type VerifyCheckpoint = (disk: Disk, file: string) => Generator<VerifyStep, CheckpointFacts, void>

export function* verifyLog(
  disk: Disk, place: LogPlace, verifyCheckpoint: VerifyCheckpoint,
): Generator<VerifyStep, LogFacts, void> {
  for (let restarts = 0; ; restarts++) {
    const facts = yield* verifyOnce(disk, place, verifyCheckpoint, restarts < historyRestartsMax)
    if (facts !== undefined) return facts
  }
}

/** Undefined when the manifest changed in a way that calls for a new beginning. */
function* verifyOnce(
  disk: Disk, place: LogPlace, verifyCheckpoint: VerifyCheckpoint, mayRestart: boolean,
): Generator<VerifyStep, LogFacts | undefined, void> {
  const facts: LogFacts = { base: undefined, segments: [] }
  const present = disk.list(place.folder)
  const named = yield* namedFiles(disk, place, present)
  const files = named.filter((file) => file.type !== 'h').toSorted((a, b) => order(a) - order(b))
  let position: number | undefined = 0
  for (const [index, file] of files.entries()) {
    const name = path.join(place.folder, file.name)
    if (disk.size(name) < 0) {
      if (mayRestart && !stillNamed(disk, place, file.name)) return undefined
      yield fault('missing', name, 'is named in the manifest, but not there')
      position = undefined
    } else {
      const mayGrow = index === files.length - 1
      const form = index === 0 ? baseForm(disk, name) : 'log'
      let offset = 0
      if (form !== 'log') {
        facts.base = yield* verifyCheckpoint(disk, name)
        position = facts.base.whole ? facts.base.position : undefined
        if (position === undefined || !holdsEntries(form)) continue
        offset = facts.base.bytes
      }
      const segment: SegmentFacts = yield* verifySegment({ disk, file: name, position, offset, mayGrow })
      facts.segments.push(segment)
      position = segment.until
    }
  }
  yield* superfluousFiles(disk, place, present, named)
  return facts
}

/** The files of the manifest; where it can't be read, what their names tell. */
function* namedFiles(
  disk: Disk, place: LogPlace, present: readonly string[],
): Generator<VerifyStep, ManifestFile[], void> {
  const file = manifestPath(place)
  try {
    const manifest = readManifest(disk, place)
    if (manifest !== undefined) return manifest.files
    yield fault('missing', file, 'there is no manifest; the files are taken by their names')
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    const reason = error.message.startsWith(`${file}: `) ? error.message.slice(file.length + 2) : error.message
    yield fault('damage', file, `${reason}; the files are taken by their names`)
  }
  return filesByName(place, present)
}

/** The latest base and the segments, as far as names tell. */
export function filesByName(place: LogPlace, present: readonly string[]): ManifestFile[] {
  const files: ManifestFile[] = []
  let base: ManifestFile | undefined
  for (const name of present) {
    if (!name.startsWith(`${place.baseName}.`)) continue
    const match = /^\.(?:origin\.)?(\d+)\.(base\.(?:rdb|aof)|incr\.aof)$/.exec(name.slice(place.baseName.length))
    if (match === null) continue
    const seq = Number(match[1])
    if (match[2] === 'incr.aof') files.push({ name, seq, type: 'i' })
    else if (base === undefined || seq > base.seq) base = { name, seq, type: 'b' }
  }
  files.sort((a, b) => a.seq - b.seq)
  return base === undefined ? files : [base, ...files]
}

function* superfluousFiles(
  disk: Disk, place: LogPlace, present: readonly string[], named: readonly ManifestFile[],
): Generator<VerifyStep, void, void> {
  const known = new Set(named.filter((file) => file.type !== 'h').flatMap(({ name }) => [name, indexFile(name)]))
  known.add(path.basename(manifestPath(place)))
  for (const name of present) {
    if (known.has(name) || !belongsToLog(place, name)) continue
    const file = path.join(place.folder, name)
    // A broker at work names what it made, and removes what it made no more.
    if (disk.size(file) < 0 || stillNamed(disk, place, name)) continue
    const history = named.some((other) => other.name === name)
    yield fault('superfluous', file, history ? 'history that a rewrite left to be deleted' : reasonOf(name))
  }
}

function belongsToLog(place: LogPlace, name: string): boolean {
  return name.startsWith(place.baseName) || name.startsWith('temp-')
}

function reasonOf(name: string): string {
  if (/\.torn-\d+$/.test(name)) return 'bytes of a torn tail that a start cut off and kept'
  if (name.startsWith('temp-')) return 'a temporary file: being written just now, or left by a process that was killed'
  return 'the manifest does not name it'
}

function stillNamed(disk: Disk, place: LogPlace, name: string): boolean {
  try {
    return readManifest(disk, place)?.files.some((file) => file.name === name && file.type !== 'h') ?? false
  } catch (error) {
    if (error instanceof MillraceError) return false
    throw error
  }
}

function order(file: ManifestFile): number {
  return file.type === 'b' ? -1 : file.seq
}

function fault(kind: FaultKind, file: string, reason: string): { step: 'fault', fault: Fault } {
  return { step: 'fault', fault: { kind, file, offset: -1, position: -1, ms: 0, reason } }
}
