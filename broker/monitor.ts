// Who monitors, and the lines they are sent: `+<seconds>.<microseconds> [<db> <address>] "word" "word"`.

import type { Args } from '../core/args.ts'
import type { Clock } from '../core/clock.ts'
import { flagBits } from './command.ts'
import type { Command } from './command.ts'
import type { Connection } from './connection.ts'
import { hiddenArgument } from './sensitive.ts'

/** The clients that see every command. */
export class Monitors extends Set<Connection> {
  private readonly clock: Clock

  constructor(clock: Clock) {
    super()
    this.clock = clock
  }

  /** Shows a command that has run, unless it is one that monitors don't see; `by` doesn't see its own. */
  ran(command: Command, db: number, addr: string, a: Args, by?: Connection): void {
    if ((command.flags & (flagBits.skip_monitor | flagBits.admin)) === 0) this.show(db, addr, a, by)
  }

  show(db: number, addr: string, a: Args, by?: Connection): void {
    const line = monitorLine(this.clock.nowUs(), db, addr, a)
    for (const monitor of this) if (monitor !== by) monitor.push(line)
  }
}

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
