// Checkpoints made for measuring, without a server that would have to be filled first: of plain strings, of streams.

import { closeSync, openSync, writeSync } from 'node:fs'
import { Args, frameWords } from '../../core/args.ts'
import { writeStream } from '../../core/checkpoint/stream-writer.ts'
import { RdbFileWriter } from '../../core/checkpoint/rdb-file-writer.ts'
import { rdbTypes, rdbVersionPlain } from '../../core/checkpoint/rdb-format.ts'
import { RdbOutput } from '../../core/checkpoint/rdb-output.ts'
import { manualClock } from '../../core/clock.ts'
import { Engine } from '../../core/engine.ts'
import { nullLog } from '../../core/log/log.ts'
import { seededRandom } from '../../core/random.ts'
import { StreamId } from '../../core/types/stream-id.ts'

/** Name i of those that `writeStrings` writes: 16 bytes. */
export function nameOf(i: number): string {
  return `key:${String(i).padStart(12, '0')}`
}

/** Writes an RDB file; `write` gives it its keys. */
function writeFile(file: string, keys: number, write: (writer: RdbFileWriter) => void): void {
  const fd = openSync(file, 'w')
  const writer = new RdbFileWriter((buf, from, to) => void writeSync(fd, buf, from, to - from), {
    compresses: false, checksum: true, version: rdbVersionPlain,
  })
  writer.database(0, keys, 0)
  write(writer)
  writer.end()
  closeSync(fd)
}

/** An RDB file of `keys` strings of `valueBytes` bytes. */
export function writeStrings(file: string, keys: number, valueBytes: number): void {
  const value = Buffer.alloc(valueBytes, 'v')
  const record = new RdbOutput(false)
  writeFile(file, keys, (writer) => {
    for (let i = 0; i < keys; i++) {
      const name = Buffer.from(nameOf(i))
      record.at = 0
      record.byte(rdbTypes.string)
      record.string(name, 0, name.length)
      record.string(value, 0, valueBytes)
      writer.raw(record.buf, 0, record.at)
    }
  })
}

/** An RDB file of `streams` streams of `entries` jobs each, in nodes as Redis makes them, compressed as by default. */
export function writeStreams(file: string, streams: number, entries: number): void {
  const engine = new Engine({ clock: manualClock(0), random: seededRandom(1), log: nullLog(), databases: 1 })
  const { stream, settings } = engine
  const root = stream.create()
  const id = new StreamId()
  const args = new Args()
  for (let i = 0; i < entries; i++) {
    const image = `cat-${(i * 7919) % 100_003}.png`
    const words = ['task', 'resize', 'image', image, 'user', String(i % 5000), 'at', String(i)]
    frameWords(args, words)
    stream.append(id.setMs(1_700_000_000_000 + i), args, 0, settings.streamNodeBytesMax, settings.streamNodeEntriesMax)
  }
  const value = new RdbOutput(true)
  writeStream(engine, root, value)
  writeFile(file, streams, (writer) => {
    for (let i = 0; i < streams; i++) {
      const head = new RdbOutput(false)
      const name = Buffer.from(nameOf(i))
      head.byte(rdbTypes.streamListpacks2)
      head.string(name, 0, name.length)
      writer.raw(head.buf, 0, head.at)
      writer.raw(value.buf, 0, value.at)
    }
  })
}
