// A checkpoint as commands, written as a stream: frames go to a sink when some hundred kilobytes have come together.
// command-format.ts has the layout.

import type { Engine } from '../engine.ts'
import { keyOf, rootOf, typeOf, types } from '../keyspace/entry.ts'
import { bodyCrc, firstCrc, renderHeader } from '../log/frame.ts'
import type { ByteSink, CheckpointWriter } from './checkpoint-writer.ts'
import { renderBeside, renderEnd, renderHead } from './command-format.ts'
import type { Stand } from './command-format.ts'
import { CommandOutput } from './command-output.ts'
import { writeKeyCommands } from './command-values.ts'
import { streamBeside } from './stream-beside.ts'

const frameBytes = 256 * 1024

export class CommandFileWriter implements CheckpointWriter {
  flushed: number
  private readonly sink: ByteSink
  private readonly ms: number
  private readonly out: CommandOutput
  private crc: number
  /** Commands in frames that are sealed. */
  private sealed: number
  private db: number

  constructor(sink: ByteSink, stand: Stand) {
    this.flushed = 0
    this.sink = sink
    this.ms = stand.ms
    this.out = new CommandOutput(() => {
      if (this.out.bytes.at >= frameBytes) this.seal()
    })
    this.crc = firstCrc
    this.sealed = 0
    this.db = -1
    this.write(renderHead(stand))
  }

  library(source: string): void {
    this.out.other('FUNCTION', 'LOAD', source)
  }

  database(index: number): void {
    if (index === this.db) return
    this.db = index
    // As in the log it is no entry.
    const { bytes } = this.out
    bytes.array(2)
    bytes.text('SELECT')
    bytes.text(String(index))
  }

  key(engine: Engine, entry: number): void {
    const { arena } = engine
    writeKeyCommands(engine, entry, this.out)
    if (typeOf(arena, entry) !== types.stream) return
    const beside = streamBeside(engine, rootOf(arena, entry), keyOf(arena, entry))
    if (beside !== undefined) this.out.bytes.append(Buffer.from(renderBeside(beside), 'latin1'))
  }

  end(): void {
    this.seal()
    this.write(renderEnd({ commands: this.sealed, crc: this.crc }))
  }

  private seal(): void {
    const { bytes, commands } = this.out
    if (bytes.at === 0) return
    const body = bytes.buf.subarray(0, bytes.at)
    this.crc = bodyCrc(body, this.crc)
    this.write(renderHeader({
      position: this.sealed + 1, entries: commands - this.sealed, bodyBytes: bytes.at, ms: this.ms, durable: 0,
      crc: this.crc,
    }))
    this.sealed = commands
    this.flushed += bytes.at
    this.sink(bytes.buf, 0, bytes.at)
    bytes.at = 0
  }

  private write(line: string): void {
    const bytes = Buffer.from(line, 'latin1')
    this.flushed += bytes.length
    this.sink(bytes, 0, bytes.length)
  }
}
