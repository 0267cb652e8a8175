// Verifies an RDB file: its first line, its last opcode, and the CRC-64 of all between, in one pass with little memory.
//
//   "REDIS" │ version, 4 digits │ … │ 0xff │ CRC-64 of all before, u64 little-endian; 0 where `rdbchecksum` was no

import type { Disk } from '../disk.ts'
import { logReadBytes } from '../limits.ts'
import type { CheckpointFacts } from '../log/verify-log.ts'
import type { VerifyStep } from '../log/verify-segment.ts'
import { Crc64 } from './crc64.ts'
import { rdbVersionMax } from './rdb-format.ts'

const headBytes = 9
const crcBytes = 8
const endOpcode = 0xff

export function* verifyRdbFile(disk: Disk, file: string): Generator<VerifyStep, CheckpointFacts, void> {
  const bytes = disk.size(file)
  const facts: CheckpointFacts = { file, bytes, keys: -1, position: 0, ms: 0, whole: false }
  const fd = disk.openRead(file)
  try {
    const head = Buffer.alloc(headBytes)
    disk.read(fd, head, 0, headBytes, 0)
    const version = /^REDIS(\d{4})$/.exec(head.toString('latin1'))?.[1]
    if (version === undefined) {
      yield found(file, 0, 'does not begin as an RDB file')
      return facts
    }
    if (Number(version) > rdbVersionMax) {
      yield found(file, 5, `is of version ${Number(version)}; up to ${rdbVersionMax} can be read`)
      return facts
    }
    const crc = new Crc64()
    const buf = Buffer.allocUnsafe(logReadBytes)
    let last = -1
    let at = 0
    for (const end = bytes - crcBytes; at < end;) {
      const came = disk.read(fd, buf, 0, Math.min(buf.length, end - at), at)
      if (came === 0) break
      crc.update(buf, 0, came)
      last = buf[came - 1]!
      at += came
      yield { step: 'progress', file, bytesRead: at, bytes }
    }
    // Versions before 5 have no checksum.
    if (Number(version) >= 5 && !(yield* endOf(disk, fd, facts, last, crc))) return facts
    facts.whole = true
    return facts
  } finally {
    disk.close(fd)
  }
}

/** True when the file ends as it should. */
function* endOf(
  disk: Disk, fd: number, facts: CheckpointFacts, last: number, crc: Crc64,
): Generator<VerifyStep, boolean, void> {
  const { file, bytes } = facts
  const sum = Buffer.alloc(crcBytes)
  const came = disk.read(fd, sum, 0, crcBytes, Math.max(0, bytes - crcBytes))
  const low = sum.readUInt32LE(0)
  const high = sum.readUInt32LE(4)
  const unsigned = low === 0 && high === 0
  if (came < crcBytes || last !== endOpcode) {
    yield found(file, Math.max(0, bytes - crcBytes - 1), 'is cut: its last opcode is not where it should be')
    return false
  }
  if (unsigned || (low === crc.low && high === crc.high)) return true
  yield found(file, bytes - crcBytes, 'its CRC-64 is not that of its content')
  return false
}

function found(file: string, offset: number, reason: string): VerifyStep {
  return { step: 'fault', fault: { kind: 'damage', file, offset, position: -1, ms: 0, reason } }
}
