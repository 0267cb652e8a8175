// Where an export goes: stdout, or a file that has a temporary name until it is whole.

import path from 'node:path'
import { writeAll } from '../../core/disk.ts'
import type { Disk } from '../../core/disk.ts'

const chunkBytes = 256 * 1024

export interface Sink {
  write(bytes: Uint8Array): void
  /** Resolves when more may come: memory stays small behind a slow reader. Undefined when it may at once. */
  ready(): Promise<void> | undefined
  /** All was written. */
  finish(): Promise<void>
  /** It won't be: no file is left, and stdout gets what was written so far. */
  abandon(): void
}

export function openSink(disk: Disk, file: string): Sink {
  return file === '-' ? stdoutSink() : fileSink(disk, file)
}

function fileSink(disk: Disk, file: string): Sink {
  const temporary = path.join(path.dirname(file), `temp-${path.basename(file)}`)
  const fd = disk.openAppend(temporary)
  disk.truncate(fd, 0)
  let at = 0
  const chunks = gathered((bytes) => {
    writeAll(disk, fd, bytes, 0, bytes.length, at)
    at += bytes.length
  })
  return {
    write: chunks.write,
    ready: () => undefined,
    async finish() {
      chunks.flush()
      disk.sync(fd)
      disk.close(fd)
      disk.rename(temporary, file)
      disk.syncFolder(path.dirname(file))
    },
    abandon() {
      disk.close(fd)
      disk.unlink(temporary)
    },
  }
}

function stdoutSink(): Sink {
  const { stdout } = process
  const chunks = gathered((bytes) => void stdout.write(bytes))
  const drained = (): Promise<void> => new Promise((resolve) => stdout.once('drain', resolve))
  return {
    write: chunks.write,
    ready: () => (stdout.writableNeedDrain ? drained() : undefined),
    async finish() {
      chunks.flush()
      if (stdout.writableNeedDrain) await drained()
    },
    abandon: chunks.flush,
  }
}

/** Small pieces become chunks, each in memory of its own. */
function gathered(take: (bytes: Buffer) => void): { write: (bytes: Uint8Array) => void, flush: () => void } {
  let chunk = Buffer.allocUnsafe(chunkBytes)
  let at = 0
  const flush = (): void => {
    if (at === 0) return
    take(chunk.subarray(0, at))
    chunk = Buffer.allocUnsafe(chunkBytes)
    at = 0
  }
  const write = (bytes: Uint8Array): void => {
    if (at + bytes.length > chunkBytes) flush()
    if (bytes.length > chunkBytes) take(Buffer.from(bytes))
    else {
      chunk.set(bytes, at)
      at += bytes.length
    }
  }
  return { write, flush }
}
