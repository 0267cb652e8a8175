// Entry ids as text: what they say.

import { parseId, StreamId } from '../../core/types/stream-id.ts'

/** The milliseconds of an id. */
export function msOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')))
}

/** True for `<ms>-<seq>`. */
export function isId(text: string): boolean {
  return /^[0-9]{1,20}-[0-9]{1,20}$/.test(text) && parseId(Buffer.from(text), 0, text.length, new StreamId()) === 'full'
}
