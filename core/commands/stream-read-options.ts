// The arguments of XREAD and XREADGROUP.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { timeoutMsArgument } from './block-timeout.ts'

/** The parsed XREAD or XREADGROUP that is being executed. */
export const read = {
  blockMs: -1,
  count: 0,
  /** CLAIM's time, -1 without it. */
  claimMs: -1,
  noAck: false,
  /** Index of GROUP's name, 0 for none; the consumer follows. */
  group: 0,
  /** Index of the first key, and how many there are. */
  keys: 0,
  streams: 0,
}

/** The error of a group's read from an id that is for XREAD alone. */
export function meaninglessId(sign: '$' | '+'): string {
  return `ERR The ${sign} ID is meaningless in the context of XREADGROUP: you want to read the history of this `
    + 'consumer by specifying a proper ID, or use the > ID to get new messages. '
    + `The ${sign} ID would just return an empty result set.`
}

/** Reads all up to the keys and ids into `read`; false after an error reply. */
export function parseRead(a: Args, r: Reply, grouped: boolean, nowMs: number): boolean {
  read.blockMs = -1
  read.count = 0
  read.claimMs = -1
  read.noAck = false
  read.group = 0
  read.keys = 0
  for (let i = 1; i < a.count && read.keys === 0; i++) {
    const more = a.count - 1 - i
    if (a.is(i, 'BLOCK') && more > 0) {
      const ms = timeoutMsArgument(a, ++i, nowMs)
      if (typeof ms === 'string') {
        r.error(ms)
        return false
      }
      read.blockMs = ms
    } else if (a.is(i, 'COUNT') && more > 0) {
      const count = a.int(++i)
      if (Number.isNaN(count)) {
        r.error(replies.notInteger)
        return false
      }
      read.count = Math.max(0, count)
    } else if (a.is(i, 'STREAMS') && more > 0) {
      read.keys = i + 1
      if ((a.count - read.keys) % 2 !== 0) {
        const symbol = grouped ? "'>'" : "'$'"
        const name = grouped ? 'xreadgroup' : 'xread'
        r.error(`ERR Unbalanced '${name}' list of streams: for each stream key an ID or ${symbol} must be specified.`)
        return false
      }
      read.streams = (a.count - read.keys) / 2
    } else if (a.is(i, 'GROUP') && more >= 2) {
      if (!grouped) {
        r.error('ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.')
        return false
      }
      read.group = i + 1
      i += 2
    } else if (a.is(i, 'CLAIM') && more > 0) {
      if (!grouped) {
        r.error('ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.')
        return false
      }
      read.claimMs = a.int(++i)
      if (Number.isNaN(read.claimMs)) {
        r.error(replies.notInteger)
        return false
      }
      if (read.claimMs < 0) {
        r.error('ERR min-idle-time must not be negative')
        return false
      }
    } else if (a.is(i, 'NOACK')) {
      if (!grouped) {
        r.error('ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.')
        return false
      }
      read.noAck = true
    } else {
      r.error(replies.syntax)
      return false
    }
  }
  if (read.keys === 0) {
    r.error(replies.syntax)
    return false
  }
  if (grouped && read.group === 0) {
    r.error('ERR Missing GROUP option for XREADGROUP')
    return false
  }
  return true
}

/** The group that argument `name` names, of the stream at `root`, which is open then; 0 when there is none. */
export function groupAt(x: Engine, a: Args, root: number, name: number): number {
  return x.groups.find(x.stream.open(root).groups, a.buf, a.start[name]!, a.end[name]!)
}
