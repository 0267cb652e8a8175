// Verifies one file of the log from its beginning to its end, also behind damage, and tells what it holds.

import type { Disk } from '../disk.ts'
import { firstCrc } from './frame.ts'
import { SegmentReader } from './reader.ts'
import type { Entry } from './reader.ts'
import { findResumption } from './resync.ts'

/**
 * `torn`: what a crash can leave at the end · `damage`: bytes that are not what was written · `gap`: positions that no
 * file holds, or that two hold · `missing`: a file that is named and not there · `superfluous`: a file that nobody
 * names, or that a start leaves alone.
 */
export type FaultKind = 'torn' | 'damage' | 'gap' | 'missing' | 'superfluous'

export type Fault = {
  kind: FaultKind
  file: string
  /** Byte offset in the file, -1 when it is about the file as a whole. */
  offset: number
  /** Position that the entry there has or would have, -1 when it has none. */
  position: number
  /** Unix ms of the last whole frame before it, 0 when nobody knows. */
  ms: number
  reason: string
  /** Where whole frames go on behind damage. */
  resumes?: { offset: number, position: number, ms: number }
}

/** `growing`: the file's end may be in the making by a running broker: wait a little before going on. */
export type VerifyStep =
  | { step: 'fault', fault: Fault }
  | { step: 'progress', file: string, bytesRead: number, bytes: number }
  | { step: 'growing', file: string }

export type SegmentFacts = {
  file: string
  bytes: number
  frames: number
  /** Positions of its first and last whole entry; equal to the one before and 0 entries when it is empty. */
  from: number
  until: number
  /** Unix ms of its first and last frame; 0 when it has none. */
  fromMs: number
  untilMs: number
  /** Holds commands outside of frames. */
  plain: boolean
}

/** How often a torn end is looked at again before it is one. */
const growthLooks = 20

export type VerifySegmentOptions = {
  disk: Disk
  file: string
  /** Last position before the file; undefined: what its first frame says is right. */
  position: number | undefined
  /** Byte behind the RDB that the file may begin with. */
  offset?: number
  /** A broker may be writing to it. */
  mayGrow: boolean
  visit?: (entry: Entry) => void
}

export function* verifySegment(options: VerifySegmentOptions): Generator<VerifyStep, SegmentFacts, void> {
  const { disk, file } = options
  const reader = new SegmentReader(disk, file, options.position ?? 0, options.offset ?? 0)
  const facts: SegmentFacts = {
    file, bytes: reader.bytes, frames: 0, from: reader.position + 1, until: reader.position, fromMs: 0, untilMs: 0,
    plain: false,
  }
  const visit = (entry: Entry): void => {
    if (entry.ms > 0) {
      if (facts.fromMs === 0) facts.fromMs = entry.ms
      facts.untilMs = entry.ms
    }
    options.visit?.(entry)
  }
  try {
    const first = reader.peek()
    if (first !== undefined && first.position !== reader.position + 1) {
      if (options.position !== undefined) yield { step: 'fault', fault: gapAt(facts, first.position) }
      reader.goOn(reader.offset, first.position - 1, firstCrc)
      facts.from = first.position
    }
    let looks = 0
    for (;;) {
      while (reader.next(visit)) yield { step: 'progress', file, bytesRead: reader.offset, bytes: reader.bytes }
      const { finding } = reader
      if (finding === undefined) {
        if (!options.mayGrow || reader.offset < reader.bytes || !reader.refresh()) break
        continue
      }
      if (finding.kind === 'torn' && options.mayGrow && looks < growthLooks) {
        looks++
        yield { step: 'growing', file }
        if (reader.refresh()) looks = 0
        continue
      }
      const kind = finding.kind === 'torn' ? 'torn' : 'damage'
      const fault: Fault = {
        kind, file, offset: finding.offset, position: finding.position, ms: facts.untilMs, reason: finding.reason,
      }
      const resumes = kind === 'torn' ? undefined : findResumption(disk, reader)
      if (resumes === undefined) {
        yield { step: 'fault', fault }
        break
      }
      fault.resumes = { offset: resumes.offset, position: resumes.position + 1, ms: resumes.ms }
      yield { step: 'fault', fault }
      reader.goOn(resumes.offset, resumes.position, resumes.crc)
    }
    facts.bytes = reader.bytes
    facts.frames = reader.frames
    facts.until = reader.position
    facts.plain = reader.plain
    return facts
  } finally {
    reader.close()
  }
}

function gapAt(facts: SegmentFacts, begins: number): Fault {
  const reason = begins > facts.from
    ? `begins at position ${begins}: positions ${facts.from} to ${begins - 1} are in no file`
    : `begins at position ${begins}, which an earlier file holds: ${facts.from} was to come`
  return { kind: 'gap', file: facts.file, offset: 0, position: facts.from, ms: 0, reason }
}
