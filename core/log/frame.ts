// The frame: all effects of one turn of the event loop, atomic on disk. Writer and reader share this file.
//
//   #frame pos=<p> n=<entries> bytes=<body> ms=<unix ms> durable=<d> crc=<8 hex> head=<8 hex>\r\n
//   <body>
//
//   pos       position of the frame's first entry; entries are numbered from 1 for ever
//   n         entries in the body: its commands, but SELECT, MULTI and EXEC, which stand there for Redis's sake
//   bytes     length of the body
//   ms        the turn's clock: replay runs the entries at this time
//   durable   the position that was known to be on the medium when the frame was sealed: a damaged frame at or below
//             a later frame's `durable` can't be what a power failure left
//   crc       CRC-32 of the body, beginning from the crc of the frame before: a chain through the segment
//   head      CRC-32 of the header line up to here: a flipped length is damage, not a torn tail
//
// Redis and redis-check-aof skip lines that begin with `#` (tried with 7.0.15, up to 1,023 bytes).
// The body is RESP commands, each perhaps behind a line that names its author where that changed:
//
//   #by client=<id> user=<name> addr=<ip:port>[ trace=<traceparent>]\r\n
//
// and, where a master's stream is logged, lines that tell how far in it the log is there:
//
//   #repl id=<replid> offset=<last byte> db=<database that the stream is at>\r\n
//
// With `aof-timestamp-enabled` a body whose second is another than that of the one before begins with Redis's own line,
// by which `redis-check-aof --truncate-to-timestamp` cuts a log:
//
//   #TS:<unix seconds>\r\n

import { crc32 } from 'node:zlib'

export type FrameHeader = {
  position: number
  entries: number
  bodyBytes: number
  ms: number
  durable: number
  crc: number
}

/** No header is longer: six numbers of at most 16 digits and two checksums. */
export const headerBytesMax = 256

/** The crc that the first frame of a segment is chained on. */
export const firstCrc = 0

/** Written when an entry of the engine's own (an expired key) follows one of a client. */
export const systemBy = Buffer.from('#by client=0\r\n')

const magic = '#frame '
const pattern =
  /^#frame pos=(\d+) n=(\d+) bytes=(\d+) ms=(\d+) durable=(\d+) crc=([0-9a-f]{8}) head=([0-9a-f]{8})\r\n$/

export function renderHeader(frame: FrameHeader): string {
  const line =
    `${magic}pos=${frame.position} n=${frame.entries} bytes=${frame.bodyBytes} ms=${frame.ms}` +
    ` durable=${frame.durable} crc=${hex(frame.crc)}`
  return `${line} head=${hex(crc32(line))}\r\n`
}

/** The header in the whole line `buf[from..to)`, its line end included; undefined when it is none or is damaged. */
export function parseHeader(buf: Buffer, from: number, to: number): FrameHeader | undefined {
  if (to - from > headerBytesMax) return undefined
  const line = buf.toString('latin1', from, to)
  const match = pattern.exec(line)
  if (match === null) return undefined
  if (crc32(line.slice(0, line.lastIndexOf(' head='))) !== Number.parseInt(match[7]!, 16)) return undefined
  return {
    position: Number(match[1]),
    entries: Number(match[2]),
    bodyBytes: Number(match[3]),
    ms: Number(match[4]),
    durable: Number(match[5]),
    crc: Number.parseInt(match[6]!, 16),
  }
}

/** True when `buf[from..to)` could be the beginning of a header whose rest was never written. */
export function isHeaderPrefix(buf: Buffer, from: number, to: number): boolean {
  const text = buf.toString('latin1', from, Math.min(to, from + headerBytesMax))
  if (text.length < magic.length) return magic.startsWith(text)
  return text.startsWith(magic) && to - from < headerBytesMax && /^[ -~]*\r?$/.test(text)
}

export function bodyCrc(body: Uint8Array, previous: number): number {
  return crc32(body, previous)
}

function hex(n: number): string {
  return n.toString(16).padStart(8, '0')
}
