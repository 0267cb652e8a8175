// The ceiling: the least that a Node process must do for SET and GET with an append-only file. Arguments stay offsets
// into the chunk, entries lie in one big buffer behind an open-addressing table, the log gets the raw bytes in one
// write a turn. It has no types, no checks, no limits, no recovery, and takes well-formed pipelines in whole chunks
// only: the speed limit to measure the broker against in the same run.
//
//   node ceiling.ts <port> <log file>

import fs from 'node:fs'
import net from 'node:net'
import type { Socket } from 'node:net'

const slots = 1 << 22
const hashes = new Int32Array(slots)
const entries = new Uint32Array(slots)
const memory = Buffer.allocUnsafeSlow(1 << 30)
const words = new Uint32Array(memory.buffer)
const headerBytes = 12
let top = 16

const log = fs.openSync(process.argv[3]!, 'w')
const logBuffer = Buffer.allocUnsafeSlow(1 << 23)
let logged = 0
let dirty = false

const out = Buffer.allocUnsafeSlow(1 << 20)
let written = 0
const waiting: { socket: Socket; bytes: Buffer }[] = []

const from = new Int32Array(64)
const to = new Int32Array(64)

function hashOf(buf: Buffer, at: number, end: number): number {
  let hash = 0x811c9dc5 | 0
  for (; at < end; at++) hash = Math.imul(hash ^ buf[at]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) | 1
}

/** The slot of a key: its own, or the free one where it belongs. */
function slotOf(buf: Buffer, at: number, end: number): number {
  const hash = hashOf(buf, at, end)
  for (let slot = hash & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
    if (hashes[slot] === 0) {
      hashes[slot] = hash
      return slot
    }
    if (hashes[slot] === hash && isKey(entries[slot]!, buf, at, end)) return slot
  }
}

function isKey(entry: number, buf: Buffer, at: number, end: number): boolean {
  if (entry === 0 || words[entry >> 2] !== end - at) return false
  for (let i = entry + headerBytes; at < end; at++, i++) if (memory[i] !== buf[at]) return false
  return true
}

function copy(target: Buffer, at: number, buf: Buffer, start: number, end: number): number {
  if (end - start < 64) while (start < end) target[at++] = buf[start++]!
  else at += buf.copy(target, at, start, end)
  return at
}

function set(buf: Buffer): void {
  const slot = slotOf(buf, from[1]!, to[1]!)
  const keyBytes = to[1]! - from[1]!
  const valueBytes = to[2]! - from[2]!
  let entry = entries[slot]!
  if (entry === 0 || words[(entry >> 2) + 2]! < valueBytes) {
    entry = top
    top += (headerBytes + keyBytes + valueBytes + 7) & ~7
    entries[slot] = entry
    words[entry >> 2] = keyBytes
    words[(entry >> 2) + 2] = valueBytes
    copy(memory, entry + headerBytes, buf, from[1]!, to[1]!)
  }
  words[(entry >> 2) + 1] = valueBytes
  copy(memory, entry + headerBytes + keyBytes, buf, from[2]!, to[2]!)
}

function reply(text: string): void {
  written += out.write(text, written, 'latin1')
}

function get(buf: Buffer): void {
  const entry = entries[slotOf(buf, from[1]!, to[1]!)]!
  if (entry === 0) {
    reply('$-1\r\n')
    return
  }
  const start = entry + headerBytes + words[entry >> 2]!
  const bytes = words[(entry >> 2) + 1]!
  out[written++] = 36
  const digits = String(bytes)
  for (let i = 0; i < digits.length; i++) out[written++] = digits.charCodeAt(i)
  out[written++] = 13
  out[written++] = 10
  written = copy(out, written, memory, start, start + bytes)
  out[written++] = 13
  out[written++] = 10
}

/** Frames one command at `at`; returns the offset behind it. */
function frame(buf: Buffer, at: number): number {
  let count = 0
  for (at++; buf[at] !== 13; at++) count = count * 10 + buf[at]! - 48
  at += 2
  for (let i = 0; i < count; i++) {
    let size = 0
    for (at++; buf[at] !== 13; at++) size = size * 10 + buf[at]! - 48
    from[i] = at + 2
    to[i] = at + 2 + size
    at += size + 4
  }
  return at
}

function run(socket: Socket, chunk: Buffer): void {
  for (let at = 0; at < chunk.length;) {
    if (chunk[at] !== 42) {
      reply('+PONG\r\n')
      break
    }
    const start = at
    at = frame(chunk, at)
    const letter = chunk[from[0]!]! | 32
    if (letter === 115) {
      set(chunk)
      logged = copy(logBuffer, logged, chunk, start, at)
      reply('+OK\r\n')
    } else if (letter === 103) get(chunk)
    else reply('+PONG\r\n')
  }
  if (waiting.length === 0) setImmediate(endTurn)
  waiting.push({ socket, bytes: Buffer.from(out.subarray(0, written)) })
  written = 0
}

function endTurn(): void {
  if (logged > 0) {
    fs.writeSync(log, logBuffer, 0, logged)
    logged = 0
    dirty = true
  }
  for (const { socket, bytes } of waiting) socket.write(bytes)
  waiting.length = 0
}

setInterval(() => {
  if (dirty) fs.fdatasync(log, () => {})
  dirty = false
}, 1000)

net.createServer({ noDelay: true }, (socket) => {
  socket.on('data', (chunk: Buffer) => run(socket, chunk))
  socket.on('error', () => socket.destroy())
}).listen(Number(process.argv[2]), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
