// Entry ids as text, and the ids of messages made of them.

import { parseId, StreamId } from '../../core/types/stream-id.ts'

const left = new StreamId()
const right = new StreamId()

/** Negative, 0 or positive as the first id is below, equal to or above the second. */
export function compareIds(a: string, b: string): number {
  parseId(Buffer.from(a), 0, a.length, left)
  parseId(Buffer.from(b), 0, b.length, right)
  return left.compare(right)
}

/** The milliseconds of an id. */
export function msOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')))
}

/** True for `<ms>-<seq>`. */
export function isId(text: string): boolean {
  return /^[0-9]{1,20}-[0-9]{1,20}$/.test(text) && parseId(Buffer.from(text), 0, text.length, left) === 'full'
}
