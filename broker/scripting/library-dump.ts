// FUNCTION DUMP's value: what an RDB file holds of the libraries, with a footer of its own.
// https://github.com/sripathikrishnan/redis-rdb-tools/wiki/Redis-RDB-Dump-File-Format (lengths and strings)
//
//   245 <string: source>   for each library
//   u16 version of RDB, lowest byte first   u64 CRC-64 of all before it, lowest byte first
//
// A length: 00llllll · 01llllll llllllll · 0x80 u32 · 0x81 u64 (highest byte first). A string: its length and bytes, or
// 0xc3, compressed length, length, LZF.

import { crc64 } from '../../core/checkpoint/crc64.ts'
import { expandLzf } from '../../core/checkpoint/lzf.ts'

const libraryOpcode = 245
const versionWritten = 10
const versionMax = 12
const footerBytes = 10
const lzfMark = 0xc3

export function dumpLibraries(sources: Iterable<string>): Buffer {
  const parts: Buffer[] = []
  for (const source of sources) {
    parts.push(Buffer.from([libraryOpcode]), lengthBytes(source.length), Buffer.from(source, 'latin1'))
  }
  const footer = Buffer.alloc(footerBytes)
  footer.writeUInt16LE(versionWritten)
  const dump = Buffer.concat([...parts, footer])
  dump.writeBigUInt64LE(crc64(dump, 0, dump.length - 8), dump.length - 8)
  return dump
}

/** The sources in a dump; 'checksum' when its footer is wrong, 'format' when what stands before it is. */
export function readDump(dump: Buffer): string[] | 'checksum' | 'format' {
  const end = dump.length - footerBytes
  if (end < 0 || dump.readUInt16LE(end) > versionMax) return 'checksum'
  const sum = dump.readBigUInt64LE(end + 2)
  // A checksum of 0 says that none was made.
  if (sum !== 0n && sum !== crc64(dump, 0, end + 2)) return 'checksum'
  const sources: string[] = []
  const place = { at: 0 }
  while (place.at < end) {
    if (dump[place.at++] !== libraryOpcode) return 'format'
    const source = readString(dump, place, end)
    if (source === undefined) return 'format'
    sources.push(source)
  }
  return sources
}

function lengthBytes(length: number): Buffer {
  if (length < 1 << 6) return Buffer.from([length])
  if (length < 1 << 14) return Buffer.from([0x40 | (length >> 8), length & 255])
  const bytes = Buffer.alloc(5, 0x80)
  bytes.writeUInt32BE(length, 1)
  return bytes
}

function readString(dump: Buffer, place: { at: number }, end: number): string | undefined {
  if (dump[place.at] !== lzfMark) {
    const size = readLength(dump, place, end)
    const from = place.at
    if (size === undefined || from + size > end) return undefined
    place.at = from + size
    return dump.toString('latin1', from, place.at)
  }
  place.at++
  const packed = readLength(dump, place, end)
  const size = readLength(dump, place, end)
  if (packed === undefined || size === undefined || place.at + packed > end) return undefined
  const bytes = expandLzf(dump, place.at, place.at + packed, size)
  place.at += packed
  return bytes?.toString('latin1')
}

function readLength(dump: Buffer, place: { at: number }, end: number): number | undefined {
  const { at } = place
  const first = dump[at] ?? 0xff
  const bytes = first < 0x40 ? 1 : first < 0x80 ? 2 : first === 0x80 ? 5 : first === 0x81 ? 9 : 0
  if (bytes === 0 || at + bytes > end) return undefined
  place.at = at + bytes
  if (bytes === 1) return first
  if (bytes === 2) return ((first & 0x3f) << 8) | dump[at + 1]!
  if (bytes === 5) return dump.readUInt32BE(at + 1)
  return Number(dump.readBigUInt64BE(at + 1))
}
