// A disk that forgets: what was written is pending until it is synced, names are pending until their folder is.
// A power failure keeps what is durable and, by a seed, some of what is pending: nothing, a beginning that may be torn
// at any byte, or sectors in any order with zeros where the others belong.

import path from 'node:path'
import type { Disk } from '../../core/disk.ts'
import { seededRandom } from '../../core/random.ts'
import type { Random } from '../../core/random.ts'

export type Operation = 'write' | 'sync' | 'truncate' | 'rename' | 'open' | 'unlink' | 'syncFolder'

/** Thrown at the operation where the machine stops. */
export class PowerFailure extends Error {}

export type Faults = {
  /** The machine stops at this operation (numbered from 0), having done a part of it or nothing. */
  stopAt?: number
  /** The error code with which an operation fails, or undefined to let it succeed. */
  fail?: (operation: Operation, index: number) => string | undefined
  /** Writes take at most this many bytes at once. */
  shortWriteBytes?: number
  /**
   * Sees the disk before each operation, and in the middle of each write, its first half pending: takes images of all
   * the crash points of one run.
   */
  watch?: (operation: Operation, torn: boolean) => void
}

type Change = { at: number; bytes: Buffer } | { cutTo: number }

type Content = { content: Buffer; size: number }

type File = Content & { synced: Content; pending: Change[] }

/** `gone` goes, then `name` is `file`. */
type NameChange = { folder: string; gone: string | undefined; name: string | undefined; file: File | undefined }

const sectorBytes = 512

export class SimulatedDisk implements Disk {
  faults: Faults
  /** Operations so far. */
  operations: number
  private readonly names: Map<string, File>
  private readonly durableNames: Map<string, File>
  private readonly nameChanges: NameChange[]
  private readonly open: Map<number, File>
  private nextFd: number
  private readonly later: (() => void)[]
  private stopped: boolean

  constructor(faults: Faults = {}) {
    this.faults = faults
    this.operations = 0
    this.names = new Map()
    this.durableNames = new Map()
    this.nameChanges = []
    this.open = new Map()
    this.nextFd = 3
    this.later = []
    this.stopped = false
  }

  openAppend(file: string): number {
    this.count('open')
    const existing = this.names.get(file)
    if (existing !== undefined) return this.handle(existing)
    const fresh: File = { synced: { content: Buffer.alloc(256), size: 0 }, content: Buffer.alloc(256), size: 0, pending: [] }
    this.changeNames({ folder: path.dirname(file), gone: undefined, name: file, file: fresh })
    return this.handle(fresh)
  }

  openRead(file: string): number {
    const existing = this.names.get(file)
    if (existing === undefined) throw failure('ENOENT')
    return this.handle(existing)
  }

  close(fd: number): void {
    this.open.delete(fd)
  }

  write(fd: number, buf: Uint8Array, from: number, to: number, position: number): number {
    const file = this.file(fd)
    const most = Math.min(to - from, this.faults.shortWriteBytes ?? Infinity)
    const bytes = Buffer.from(buf.subarray(from, from + most))
    const half = { at: position, bytes: bytes.subarray(0, bytes.length >>> 1) }
    if (this.faults.watch !== undefined) this.watchWrite(file, half)
    this.count('write', () => put(file, half))
    put(file, { at: position, bytes })
    return most
  }

  read(fd: number, buf: Uint8Array, from: number, to: number, position: number): number {
    const file = this.file(fd)
    const end = Math.min(file.size, position + (to - from))
    if (end <= position) return 0
    buf.set(file.content.subarray(position, end), from)
    return end - position
  }

  readLater(
    fd: number, buf: Uint8Array, from: number, to: number, position: number,
    done: (error: Error | undefined, bytes: number) => void,
  ): void {
    const bytes = this.read(fd, buf, from, to, position)
    setImmediate(() => done(undefined, bytes))
  }

  truncate(fd: number, bytes: number): void {
    this.count('truncate')
    put(this.file(fd), { cutTo: bytes })
  }

  sync(fd: number): void {
    this.count('sync')
    settle(this.file(fd))
  }

  syncLater(fd: number, done: (error: Error | undefined) => void): void {
    const file = this.file(fd)
    const asked = file.pending.length
    this.later.push(() => {
      try {
        this.count('sync')
      } catch (error) {
        if (error instanceof PowerFailure) throw error
        done(error as Error)
        return
      }
      // What was written after the call may be on the medium too; the promise covers only what was there before it.
      settle(file, asked)
      done(undefined)
    })
  }

  /** Lets the syncs that were asked for off the thread come to their end. */
  runLater(): void {
    for (const run of this.later.splice(0)) run()
  }

  syncFolder(folder: string): void {
    this.count('syncFolder')
    for (let i = 0; i < this.nameChanges.length;) {
      if (this.nameChanges[i]!.folder !== folder) i++
      else applyNames(this.nameChanges.splice(i, 1)[0]!, this.durableNames)
    }
  }

  makeFolder(): void {}

  list(folder: string): string[] {
    return [...this.names.keys()].filter((name) => path.dirname(name) === folder).map((name) => path.basename(name))
  }

  size(file: string): number {
    return this.names.get(file)?.size ?? -1
  }

  rename(from: string, to: string): void {
    this.count('rename')
    const file = this.names.get(from)
    if (file === undefined) throw failure('ENOENT')
    this.changeNames({ folder: path.dirname(to), gone: from, name: to, file })
  }

  unlink(name: string): void {
    this.count('unlink')
    this.changeNames({ folder: path.dirname(name), gone: name, name: undefined, file: undefined })
  }

  /** The content of a file as a process sees it; for tests that damage it. */
  content(file: string): Buffer {
    const found = this.names.get(file)!
    return Buffer.from(found.content.subarray(0, found.size))
  }

  /** Puts a file there, durable. */
  place(file: string, content: Buffer): void {
    const size = content.length
    const synced = { content: Buffer.from(content), size }
    const placed: File = { synced, content: Buffer.from(content), size, pending: [] }
    this.names.set(file, placed)
    this.durableNames.set(file, placed)
  }

  /** The disk as the next process finds it when only this one was killed: nothing is lost, and nothing became durable. */
  afterKill(): SimulatedDisk {
    const disk = new SimulatedDisk()
    const copies = new Map<File, File>()
    const copy = (file: File): File => {
      const known = copies.get(file)
      if (known !== undefined) return known
      const { synced, content, size, pending } = file
      const fresh = {
        synced: { content: Buffer.from(synced.content.subarray(0, synced.size)), size: synced.size },
        content: Buffer.from(content.subarray(0, size)), size, pending: [...pending],
      }
      copies.set(file, fresh)
      return fresh
    }
    for (const [name, file] of this.names) disk.names.set(name, copy(file))
    for (const [name, file] of this.durableNames) disk.durableNames.set(name, copy(file))
    for (const change of this.nameChanges) {
      disk.nameChanges.push({ ...change, file: change.file === undefined ? undefined : copy(change.file) })
    }
    return disk
  }

  /** The disk as it comes up after a power failure. */
  afterPowerFailure(seed: number): SimulatedDisk {
    const random = seededRandom(seed)
    const names = new Map(this.durableNames)
    const kept = random.u32() % (this.nameChanges.length + 1)
    for (const change of this.nameChanges.slice(0, kept)) applyNames(change, names)
    const disk = new SimulatedDisk()
    for (const [name, file] of names) disk.place(name, survivor(file, random))
    return disk
  }

  private changeNames(change: NameChange): void {
    applyNames(change, this.names)
    this.nameChanges.push(change)
  }

  private handle(file: File): number {
    this.open.set(this.nextFd, file)
    return this.nextFd++
  }

  private file(fd: number): File {
    const file = this.open.get(fd)
    if (file === undefined) throw failure('EBADF')
    return file
  }

  private watchWrite(file: File, half: Change): void {
    this.faults.watch!('write', false)
    const { content, size } = file
    file.content = Buffer.from(content)
    put(file, half)
    this.faults.watch!('write', true)
    file.pending.pop()
    file.content = content
    file.size = size
  }

  private count(operation: Operation, half?: () => void): void {
    if (this.stopped) throw new PowerFailure('the machine is off')
    if (operation !== 'write') this.faults.watch?.(operation, false)
    const index = this.operations++
    if (index === this.faults.stopAt) {
      half?.()
      this.stopped = true
      throw new PowerFailure(`stopped at operation ${index} (${operation})`)
    }
    const code = this.faults.fail?.(operation, index)
    if (code === undefined) return
    half?.()
    throw failure(code)
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code })
}

function applyNames(change: NameChange, names: Map<string, File>): void {
  if (change.gone !== undefined) names.delete(change.gone)
  if (change.name !== undefined) names.set(change.name, change.file!)
}

function put(file: File, change: Change): void {
  file.pending.push(change)
  change_(file, change)
}

function change_(file: Content, change: Change): void {
  if ('cutTo' in change) {
    if (change.cutTo < file.size) file.content.fill(0, change.cutTo, file.size)
    file.size = change.cutTo
    return
  }
  const end = change.at + change.bytes.length
  if (end > file.content.length) {
    const grown = Buffer.alloc(Math.max(end, file.content.length * 2))
    file.content.copy(grown, 0, 0, file.size)
    file.content = grown
  }
  change.bytes.copy(file.content, change.at)
  file.size = Math.max(file.size, end)
}

function settle(file: File, count = file.pending.length): void {
  for (const change of file.pending.splice(0, count)) change_(file.synced, change)
}

/** What the medium holds of a file: all that was synced, and by chance some of the rest. */
function survivor(file: File, random: Random): Buffer {
  const synced = Buffer.from(file.synced.content.subarray(0, file.synced.size))
  const state: Content = { content: Buffer.from(synced), size: synced.length }
  const way = random.u32() % 4
  if (way === 0) return synced
  if (way === 1) return Buffer.from(file.content.subarray(0, file.size))
  const kept = random.u32() % (file.pending.length + 1)
  for (const change of file.pending.slice(0, kept)) change_(state, change)
  const next = file.pending[kept]
  if (way === 2) {
    if (next !== undefined && 'bytes' in next) {
      change_(state, { at: next.at, bytes: next.bytes.subarray(0, random.u32() % (next.bytes.length + 1)) })
    }
    return Buffer.from(state.content.subarray(0, state.size))
  }
  return holed(file, synced, random)
}

/** All writes reached the size of the file, but only some sectors reached the medium; the others read as zeros. */
function holed(file: File, synced: Buffer, random: Random): Buffer {
  const from = synced.length
  const whole = Buffer.from(file.content.subarray(0, file.size))
  if (file.pending.some((change) => 'cutTo' in change || change.at < from)) return synced
  for (let sector = from - (from % sectorBytes); sector < whole.length; sector += sectorBytes) {
    if (random.u32() % 3 === 0) whole.fill(0, Math.max(sector, from), Math.min(sector + sectorBytes, whole.length))
  }
  return whole
}
