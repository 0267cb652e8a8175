// A checkpoint as commands, which redis-server loads as it is. Its frames are those of the log's segments
// (log/frame.ts), but number the commands of this file from 1, which are no entries of the log.
//
//   #checkpoint pos=<the log's position that it stands at> ms=<unix ms> head=<crc32 of the line up to here>
//   #frame …            frames: commands, those of one key behind each other, as Redis's own rewrite has them
//   #stream+ <base64>   in frames, behind the commands of a stream: what they can't say of it (stream-beside.ts), ...
//   #stream <base64>    ... the last line of it
//   #checkpoint-end commands=<n> crc=<that of the last frame> head=<as above>
//
// Redis skips lines that begin with `#`, up to 1,023 bytes long. The last line tells that nothing is missing.

import { crc32 } from 'node:zlib'
import type { Args } from '../args.ts'

/** What of the log a checkpoint stands for: its position, and the engine's clock there in unix ms. */
export type Stand = { position: number; ms: number }

/** No first or last line is longer. */
export const edgeBytesMax = 256
export const headMagic = '#checkpoint '
const headPattern = /^#checkpoint pos=(\d+) ms=(\d+) head=([0-9a-f]{8})\r\n$/
const endPattern = /^#checkpoint-end commands=(\d+) crc=([0-9a-f]{8}) head=([0-9a-f]{8})\r\n$/
const partMagic = '#stream+ '
const lastMagic = '#stream '
/** Bytes of a line's payload: 960 characters in base64. */
const linePayloadBytes = 720

export function renderHead({ position, ms }: Stand): string {
  return sealed(`${headMagic}pos=${position} ms=${ms}`)
}

/** Undefined when the line, its end included, is none or is damaged. */
export function parseHead(line: string): Stand | undefined {
  const match = headPattern.exec(line)
  if (match === null || !isSealed(line)) return undefined
  return { position: Number(match[1]), ms: Number(match[2]) }
}

export type FileEnd = { commands: number; crc: number }

export function renderEnd({ commands, crc }: FileEnd): string {
  return sealed(`#checkpoint-end commands=${commands} crc=${hex(crc)}`)
}

/** As `parseHead`. */
export function parseEnd(line: string): FileEnd | undefined {
  const match = endPattern.exec(line)
  if (match === null || !isSealed(line)) return undefined
  return { commands: Number(match[1]), crc: Number.parseInt(match[2]!, 16) }
}

/** The lines that say what of a stream no command says. */
export function renderBeside(bytes: Buffer): string {
  let lines = ''
  let at = 0
  for (; bytes.length - at > linePayloadBytes; at += linePayloadBytes) {
    lines += `${partMagic}${bytes.toString('base64', at, at + linePayloadBytes)}\r\n`
  }
  return `${lines}${lastMagic}${bytes.toString('base64', at)}\r\n`
}

/** Puts such lines together: returns the bytes behind their last one. */
export class BesideLines {
  private readonly parts: Buffer[] = []

  /** Undefined for other lines and those that more follow. `line`: without its end. */
  add(line: string): Buffer | undefined {
    const isLast = line.startsWith(lastMagic)
    if (!isLast && !line.startsWith(partMagic)) return undefined
    this.parts.push(Buffer.from(line.slice(line.indexOf(' ') + 1), 'base64'))
    return isLast ? Buffer.concat(this.parts.splice(0)) : undefined
  }
}

/** Which argument of a checkpoint's command is its key; 0 when it is about none. */
export function keyArgument(a: Args): number {
  if (a.is(0, 'FUNCTION')) return 0
  return a.is(0, 'XGROUP') ? 2 : 1
}

function sealed(line: string): string {
  return `${line} head=${hex(crc32(line))}\r\n`
}

function isSealed(line: string): boolean {
  return line === sealed(line.slice(0, line.lastIndexOf(' head=')))
}

function hex(n: number): string {
  return n.toString(16).padStart(8, '0')
}
