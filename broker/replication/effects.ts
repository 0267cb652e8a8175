// From a frame of the log to what replicas are sent: its commands without the `#` lines, which say who wrote what.

import { Args, frameCommand } from '../../core/args.ts'

const args = new Args()
/** Effects that came with Redis 8, or are ours: an older redis-server answers an error to them and would differ. */
const newNames = ['XCFGSET', 'XIDMPRECORD', 'HSETEX', 'HGETEX', 'HGETDEL', 'XDELEX', 'XACKDEL', 'XNACK'] as const
const newOperations = ['DIFF', 'DIFF1', 'ANDOR', 'ONE'] as const
const newReferences = ['KEEPREF', 'DELREF', 'ACKED'] as const
const hash = 35

export type Effects = {
  bytes: Buffer
  /** An effect that redis-server 7 has no words for. */
  foreign: string | undefined
}

/** The effects of the body `buf[from..to)`, copied. */
export function effectsOf(buf: Buffer, from: number, to: number): Effects {
  const bytes = Buffer.allocUnsafe(to - from)
  let size = 0
  let foreign: string | undefined
  for (let at = from; at < to;) {
    if (buf[at] === hash) {
      at = buf.indexOf(10, at) + 1
      continue
    }
    const end = frameCommand(args, buf, at, to)
    if (end <= 0) throw new Error('a frame holds bytes that are no command')
    foreign ??= foreignName()
    size += buf.copy(bytes, size, at, end)
    at = end
  }
  return { bytes: bytes.subarray(0, size), foreign }
}

function foreignName(): string | undefined {
  if (args.is(0, 'SET')) return undefined
  for (const name of newNames) if (args.is(0, name)) return name
  if (args.is(0, 'XGROUP')) return args.is(1, 'POLICY') ? 'XGROUP POLICY' : undefined
  if (args.is(0, 'BITOP')) return newOperations.some((word) => args.is(1, word)) ? 'BITOP' : undefined
  if (!args.is(0, 'XADD') && !args.is(0, 'XTRIM')) return undefined
  // They stand before the entry's fields: within the options, of which there are few.
  for (let i = 2; i < Math.min(args.count, 9); i++) {
    for (const word of newReferences) if (args.is(i, word)) return args.text(0)
  }
  return undefined
}
