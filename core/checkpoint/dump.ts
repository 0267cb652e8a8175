// Payloads of DUMP and RESTORE, and with libraries in place of a value of FUNCTION DUMP. Numbers are little-endian.
//
//   ┌ type u8 │ value │ RDB version u16 │ CRC-64 of all before, u64 ┐

import type { Engine } from '../engine.ts'
import { Crc64 } from './crc64.ts'
import { rdbTypes, rdbVersionDated, rdbVersionMax, rdbVersionPlain } from './rdb-format.ts'
import { RdbOutput } from './rdb-output.ts'
import { rdbTypeOf, writeValue } from './value-writer.ts'

const footerBytes = 10
const crc = new Crc64()

/** The payload of an entry's value. */
export function dump(engine: Engine, entry: number): Buffer {
  const out = new RdbOutput(engine.settings.compressesRdb)
  const type = rdbTypeOf(engine, entry)
  out.byte(type)
  writeValue(engine, entry, out)
  return sealPayload(out, type > rdbTypes.streamListpacks2 ? rdbVersionDated : rdbVersionPlain)
}

/** Bytes of an entry's value as a file has it, without its type. */
export function serializedLength(engine: Engine, entry: number): number {
  const out = new RdbOutput(engine.settings.compressesRdb)
  writeValue(engine, entry, out)
  return out.at
}

/** Puts the footer behind what was written; returns the whole payload, which is good until more is written. */
export function sealPayload(out: RdbOutput, version: number): Buffer {
  out.u16(version)
  sum(out.buf, 0, out.at)
  const { high, low } = crc
  out.u32(low)
  out.u32(high)
  return out.bytes()
}

/** Where the value of the payload `buf[from..to)` ends; -1 when its version or checksum is wrong. */
export function payloadEnd(buf: Buffer, from: number, to: number): number {
  const end = to - footerBytes
  if (end < from || buf.readUInt16LE(end) > rdbVersionMax) return -1
  const low = buf.readUInt32LE(end + 2)
  const high = buf.readUInt32LE(end + 6)
  sum(buf, from, end + 2)
  return crc.low === low && crc.high === high ? end : -1
}

function sum(buf: Buffer, from: number, to: number): void {
  crc.high = 0
  crc.low = 0
  crc.update(buf, from, to)
}
