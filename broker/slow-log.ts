// The slow log: the last commands that took longer than `slowlog-log-slower-than`, in memory. Arguments are cut to what
// an operator needs, and passwords are left out.

import type { Args } from '../core/args.ts'
import { hiddenArgument } from './sensitive.ts'

const wordsMax = 32
const wordBytesMax = 128

export type SlowEntry = {
  id: number
  unixSeconds: number
  micros: number
  args: readonly Buffer[]
  addr: string
  name: string
}

export class SlowLog {
  /** Newest first. */
  readonly entries: SlowEntry[]
  private nextId: number

  constructor() {
    this.entries = []
    this.nextId = 0
  }

  add(a: Args, unixSeconds: number, micros: number, addr: string, name: string, entriesMax: number): void {
    this.entries.unshift({ id: this.nextId++, unixSeconds, micros, args: excerpt(a), addr, name })
    this.trim(entriesMax)
  }

  trim(entriesMax: number): void {
    if (this.entries.length > entriesMax) this.entries.length = entriesMax
  }

  reset(): void {
    this.entries.length = 0
  }
}

function excerpt(a: Args): Buffer[] {
  const shown = a.count > wordsMax ? wordsMax - 1 : a.count
  const out: Buffer[] = []
  for (let i = 0; i < shown; i++) {
    const size = a.size(i)
    if (hiddenArgument(a, i)) out.push(Buffer.from('(redacted)'))
    else if (size <= wordBytesMax) out.push(a.copy(i))
    else {
      const head = a.buf.subarray(a.start[i]!, a.start[i]! + wordBytesMax)
      out.push(Buffer.concat([head, Buffer.from(`... (${size - wordBytesMax} more bytes)`)]))
    }
  }
  if (shown < a.count) out.push(Buffer.from(`... (${a.count - shown} more arguments)`))
  return out
}
