// RDB files, written as a stream: what was encoded goes to a sink whenever some hundred kilobytes have come together,
// so that a file of any size needs no more memory than its largest value.
//
//   REDIS0010 │ aux fields │ libraries │ for each database: its number, sizes, keys │ end │ CRC-64 of all before

import type { Engine } from '../engine.ts'
import { deadlineOf, exactDeadlineOf, headerBytes, keyLength, rootOf, typeOf, types } from '../keyspace/entry.ts'
import { byteOf, chunkOf } from '../arena/arena.ts'
import { idleSeconds, useCount } from '../keyspace/access.ts'
import type { ByteSink, CheckpointWriter } from './checkpoint-writer.ts'
import { Crc64 } from './crc64.ts'
import { rdbMagic, rdbOpcodes } from './rdb-format.ts'
import { RdbOutput } from './rdb-output.ts'
import { streamExtra, streamExtraName } from './stream-extra.ts'
import { rdbTypeOf, writeValue } from './value-writer.ts'

const flushBytes = 256 * 1024

export type RdbWriterOptions = {
  /** `rdbcompression` */
  compresses: boolean
  /** `rdbchecksum`: without it the checksum is zeros, and nobody checks. */
  checksum: boolean
  version: number
}

export class RdbFileWriter implements CheckpointWriter {
  flushed: number
  private readonly out: RdbOutput
  private readonly sink: ByteSink
  private readonly crc: Crc64 | undefined

  constructor(sink: ByteSink, options: RdbWriterOptions) {
    this.flushed = 0
    this.out = new RdbOutput(options.compresses)
    this.sink = sink
    this.crc = options.checksum ? new Crc64() : undefined
    const header = Buffer.from(`${rdbMagic}${String(options.version).padStart(4, '0')}`)
    this.out.raw(header, 0, header.length)
  }

  /** A fact about the file; readers skip those they don't know. */
  aux(name: string, value: string | number): void {
    this.out.byte(rdbOpcodes.aux)
    this.text(name)
    this.text(String(value))
  }

  library(source: string): void {
    this.out.byte(rdbOpcodes.library)
    this.text(source)
    this.flush(flushBytes)
  }

  database(index: number, keys?: number, dated = 0): void {
    const { out } = this
    out.byte(rdbOpcodes.database)
    out.length(index)
    if (keys === undefined) return
    out.byte(rdbOpcodes.resize)
    out.length(keys)
    out.length(dated)
  }

  key(engine: Engine, entry: number): void {
    const { arena } = engine
    const { out } = this
    if (typeOf(arena, entry) === types.stream) this.streamExtra(engine, rootOf(arena, entry))
    const deadline = deadlineOf(arena, entry)
    if (deadline >= 0) {
      out.byte(rdbOpcodes.deadlineMs)
      if (Number.isSafeInteger(deadline)) out.ms(deadline)
      else out.exactMs(exactDeadlineOf(arena, entry))
    }
    const policy = engine.settings.memoryPolicy
    if (policy.endsWith('-lru')) {
      out.byte(rdbOpcodes.idle)
      out.length(idleSeconds(engine, entry))
    } else if (policy.endsWith('-lfu')) {
      out.byte(rdbOpcodes.frequency)
      out.byte(useCount(engine, entry))
    }
    out.byte(rdbTypeOf(engine, entry))
    const from = byteOf(entry) + headerBytes
    out.string(arena.u8[chunkOf(entry)]!, from, from + keyLength(arena, entry))
    writeValue(engine, entry, out)
    this.flush(flushBytes)
  }

  /** Key, value and what stands before them as they were read from another file. */
  raw(bytes: Uint8Array, from: number, to: number): void {
    this.out.raw(bytes, from, to)
    this.flush(flushBytes)
  }

  end(): void {
    const { out, crc } = this
    out.byte(rdbOpcodes.end)
    this.flush(0)
    out.u32(crc?.low ?? 0)
    out.u32(crc?.high ?? 0)
    this.flushed += out.at
    this.sink(out.buf, 0, out.at)
    out.at = 0
  }

  private streamExtra(engine: Engine, root: number): void {
    const extra = streamExtra(engine, root)
    if (extra === undefined) return
    this.out.byte(rdbOpcodes.aux)
    this.text(streamExtraName)
    this.out.string(extra, 0, extra.length)
  }

  private text(text: string): void {
    const bytes = Buffer.from(text, 'latin1')
    this.out.string(bytes, 0, bytes.length)
  }

  private flush(atLeast: number): void {
    const { out } = this
    if (out.at <= atLeast) return
    this.crc?.update(out.buf, 0, out.at)
    this.flushed += out.at
    this.sink(out.buf, 0, out.at)
    out.at = 0
  }
}
