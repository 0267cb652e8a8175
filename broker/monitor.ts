// MONITOR's lines: `+<seconds>.<microseconds> [<db> <address>] "word" "word"`.

import type { Args } from '../core/args.ts'
import { hiddenArgument } from './sensitive.ts'

/** The line that shows a command, at unix time `us` in microseconds. */
export function monitorLine(us: number, db: number, addr: string, a: Args): Buffer {
  const seconds = Math.floor(us / 1e6)
  const micros = String(us - seconds * 1e6).padStart(6, '0')
  let line = `+${seconds}.${micros} [${db} ${addr}]`
  for (let i = 0; i < a.count; i++) {
    line += hiddenArgument(a, i) ? ' "(redacted)"' : ` ${quoted(a.buf, a.start[i]!, a.end[i]!)}`
  }
  return Buffer.from(`${line}\r\n`, 'latin1')
}

const names: Readonly<Record<number, string>> = {
  7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\',
}

/** Bytes in double quotes, with escapes for what can't be printed. */
export function quoted(buf: Uint8Array, from: number, to: number): string {
  let text = '"'
  for (let i = from; i < to; i++) {
    const c = buf[i]!
    const name = names[c]
    if (name !== undefined) text += name
    else if (c >= 32 && c < 127) text += String.fromCharCode(c)
    else text += `\\x${c.toString(16).padStart(2, '0')}`
  }
  return `${text}"`
}
