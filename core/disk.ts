// The only door to files. Tests put a simulated disk behind it that drops, tears, flips and fails.

import fs from 'node:fs'
import path from 'node:path'

/** Thrown errors carry the system's `code` (`ENOSPC`, `EIO`, `ENOENT`, …). Descriptors are small integers. */
export interface Disk {
  /** Opens a file for reading and appending, made if absent. */
  openAppend(file: string): number
  openRead(file: string): number
  close(fd: number): void
  /** Writes `buf[from..to)` at byte `position`; returns how many bytes were taken, which may be fewer. */
  write(fd: number, buf: Uint8Array, from: number, to: number, position: number): number
  /** Reads into `buf[from..to)` from byte `position`; returns how many bytes came, 0 at the end. */
  read(fd: number, buf: Uint8Array, from: number, to: number, position: number): number
  /** As `read`, off the thread. */
  readLater(
    fd: number, buf: Uint8Array, from: number, to: number, position: number,
    done: (error: Error | undefined, bytes: number) => void,
  ): void
  /** Cuts the file to `bytes`. */
  truncate(fd: number, bytes: number): void
  /** Data and size of the file are on the medium when it returns. */
  sync(fd: number): void
  /** As `sync`, off the thread. */
  syncLater(fd: number, done: (error: Error | undefined) => void): void
  /** Names created, renamed and removed in the folder are on the medium when it returns. */
  syncFolder(folder: string): void
  makeFolder(folder: string): void
  list(folder: string): string[]
  /** Size in bytes, -1 when there is no such file. */
  size(file: string): number
  /** What was at `to` is gone. */
  rename(from: string, to: string): void
  unlink(file: string): void
}

export function realDisk(): Disk {
  return {
    openAppend: (file) => fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644),
    openRead: (file) => fs.openSync(file, 'r'),
    close: (fd) => fs.closeSync(fd),
    write: (fd, buf, from, to, position) => fs.writeSync(fd, buf, from, to - from, position),
    read: (fd, buf, from, to, position) => fs.readSync(fd, buf, from, to - from, position),
    readLater: (fd, buf, from, to, position, done) =>
      fs.read(fd, buf, from, to - from, position, (error, bytes) => done(error ?? undefined, bytes)),
    truncate: (fd, bytes) => fs.ftruncateSync(fd, bytes),
    sync: (fd) => fs.fdatasyncSync(fd),
    syncLater: (fd, done) => fs.fdatasync(fd, (error) => done(error ?? undefined)),
    syncFolder(folder) {
      const fd = fs.openSync(folder, 'r')
      try {
        fs.fsyncSync(fd)
      } finally {
        fs.closeSync(fd)
      }
    },
    makeFolder: (folder) => void fs.mkdirSync(folder, { recursive: true }),
    list: (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder) : []),
    size: (file) => fs.statSync(file, { throwIfNoEntry: false })?.size ?? -1,
    rename: (from, to) => freeLater(to, () => fs.renameSync(from, to)),
    unlink: (file) => freeLater(file, () => fs.unlinkSync(file)),
  }
}

/**
 * Freeing what a large file holds takes long (164 ms were measured for 512 MB that the system had in memory). It
 * happens when nobody has the file open any more: at a close off the thread.
 */
function freeLater(file: string, remove: () => void): void {
  let fd: number | undefined
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  } catch {
    // There is none, or it can't be opened: then it is freed at once.
  }
  try {
    remove()
  } finally {
    if (fd !== undefined) fs.close(fd, () => {})
  }
}

/** Writes all of `buf[from..to)`, however many calls that takes. */
export function writeAll(disk: Disk, fd: number, buf: Uint8Array, from: number, to: number, position: number): void {
  for (let at = from; at < to;) {
    const taken = disk.write(fd, buf, at, to, position + (at - from))
    if (taken <= 0) throw Object.assign(new Error('the disk took no bytes'), { code: 'EIO' })
    at += taken
  }
}

/** Replaces a file's content so that a crash leaves the old or the new one, whole. */
export function replaceFile(disk: Disk, file: string, content: Buffer): void {
  const temporary = path.join(path.dirname(file), `temp-${path.basename(file)}`)
  const fd = disk.openAppend(temporary)
  try {
    disk.truncate(fd, 0)
    writeAll(disk, fd, content, 0, content.length, 0)
    disk.sync(fd)
  } finally {
    disk.close(fd)
  }
  disk.rename(temporary, file)
  disk.syncFolder(path.dirname(file))
}

/** The whole content of a small file. */
export function readFile(disk: Disk, file: string): Buffer {
  const content = Buffer.alloc(disk.size(file))
  const fd = disk.openRead(file)
  try {
    for (let at = 0; at < content.length;) {
      const came = disk.read(fd, content, at, content.length, at)
      if (came === 0) return content.subarray(0, at)
      at += came
    }
    return content
  } finally {
    disk.close(fd)
  }
}
