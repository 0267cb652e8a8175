// The whole dataset as an RDB file for replicas, in pieces, as it stands in this moment.
//
//   REDIS0010 │ aux fields │ libraries │ databases │ EOF │ CRC-64
//   database    SELECTDB n, RESIZEDB keys dated, [EXPIRETIME_MS ms] type key value …
//
// Version 10, which redis-server 7.0 reads, unless a hash has fields with deadlines: only 7.4 has words for those.

import { Crc64 } from '../../core/checkpoint/crc64.ts'
import { rdbOpcodes, rdbTypes, rdbVersionDated, rdbVersionPlain } from '../../core/checkpoint/rdb-format.ts'
import { RdbOutput } from '../../core/checkpoint/rdb-output.ts'
import { rdbTypeOf, writeValue } from '../../core/checkpoint/value-writer.ts'
import type { Engine } from '../../core/engine.ts'
import { deadlineOf, exactDeadlineOf, keyOf } from '../../core/keyspace/entry.ts'
import { datasetPieceBytes } from '../limits.ts'

const opcodes = { aux: 250, resizeDb: 251, expiryMs: 252, selectDb: 254, end: 255 } as const
const headerBytes = 9

export type DatasetOptions = {
  /** Pairs of names and values. */
  aux: readonly (readonly [string, string])[]
  /** `rdbchecksum` */
  checksum: boolean
  /** False for REPLCONF rdb-filter-only functions, and the other way round. */
  keys: boolean
  functions: boolean
}

/** The pieces of the file. */
export function writeDataset(x: Engine, options: DatasetOptions): Buffer[] {
  const out = new RdbOutput(x.settings.compressesRdb)
  const pieces: Buffer[] = []
  const flush = (): void => {
    pieces.push(Buffer.from(out.bytes()))
    out.at = 0
  }
  let dated = false
  text(out, `REDIS${String(rdbVersionPlain).padStart(4, '0')}`)
  for (const [name, value] of options.aux) {
    out.byte(opcodes.aux)
    string(out, name)
    string(out, value)
  }
  if (options.functions) {
    for (const source of x.libraries.byName.values()) {
      out.byte(rdbOpcodes.library)
      string(out, source)
    }
  }
  for (const db of options.keys ? x.dbs : []) {
    if (db.count === 0) continue
    out.byte(opcodes.selectDb)
    out.length(db.index)
    out.byte(opcodes.resizeDb)
    out.length(db.count)
    out.length(db.deadlines.count)
    db.dict.each((entry) => {
      if (deadlineOf(x.arena, entry) >= 0) {
        out.byte(opcodes.expiryMs)
        out.reserve(8)
        out.at = out.buf.writeBigInt64LE(exactDeadlineOf(x.arena, entry), out.at)
      }
      const type = rdbTypeOf(x, entry)
      dated ||= type > rdbTypes.streamListpacks2
      out.byte(type)
      const key = keyOf(x.arena, entry)
      out.string(key, 0, key.length)
      writeValue(x, entry, out)
      if (out.at >= datasetPieceBytes) flush()
    })
  }
  out.byte(opcodes.end)
  flush()
  if (dated) pieces[0]!.write(`REDIS${String(rdbVersionDated).padStart(4, '0')}`, 0, headerBytes, 'latin1')
  pieces.push(checksumOf(options.checksum ? pieces : []))
  return pieces
}

function checksumOf(pieces: readonly Buffer[]): Buffer {
  const crc = new Crc64()
  for (const piece of pieces) crc.update(piece, 0, piece.length)
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(crc.low, 0)
  bytes.writeUInt32LE(crc.high, 4)
  return bytes
}

function text(out: RdbOutput, value: string): void {
  const bytes = Buffer.from(value, 'latin1')
  out.raw(bytes, 0, bytes.length)
}

function string(out: RdbOutput, value: string): void {
  const bytes = Buffer.from(value, 'latin1')
  out.string(bytes, 0, bytes.length)
}
