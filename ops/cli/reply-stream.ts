// Replies of a server (RESP2) in a stream of bytes: where each ends, and whether it is, or holds, an error.

import { decodeReply } from '../../broker/resp/reply-value.ts'
import type { ReplyValue } from '../../broker/resp/reply-value.ts'
import { MillraceError } from '../../core/errors.ts'

/** The byte behind the reply that begins at `at`; 0 when it is not whole yet. Throws TARGET_ENDED for other bytes. */
export function replyEnd(buf: Buffer, at: number): number {
  const lineEnd = buf.indexOf('\r\n', at)
  if (lineEnd < 0) return 0
  const next = lineEnd + 2
  const kind = String.fromCharCode(buf[at]!)
  if (kind === '+' || kind === '-' || kind === ':') return next
  const size = Number(buf.toString('latin1', at + 1, lineEnd))
  if ((kind !== '$' && kind !== '*') || !Number.isInteger(size)) {
    throw new MillraceError('TARGET_ENDED', 'what the server answers is no RESP2')
  }
  if (kind === '$') return size < 0 ? next : next + size + 2 <= buf.length ? next + size + 2 : 0
  let end = next
  for (let left = size; left > 0; left--) {
    end = replyEnd(buf, end)
    if (end === 0) return 0
  }
  return end
}

/** The text of the first error in the whole reply at the beginning of `buf`. */
export function errorIn(buf: Buffer): string | undefined {
  return errorOf(decodeReply(buf, 0))
}

function errorOf(value: ReplyValue): string | undefined {
  if (value instanceof Error) return value.message
  if (!Array.isArray(value)) return undefined
  for (const item of value) {
    const error = errorOf(item)
    if (error !== undefined) return error
  }
  return undefined
}
