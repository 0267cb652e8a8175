// The arguments of LOG: moments, and what LOG HISTORY is asked for.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import { parseMoment } from '../../core/history/moment.ts'
import type { Moment } from '../../core/history/moment.ts'
import { historyCountDefault } from './limits.ts'

export type HistoryArguments = {
  from: Moment | undefined
  to: Moment | undefined
  count: number
  newestFirst: boolean
}

export const badMoment = 'ERR the time must be an id (<ms>-<n>), unix ms, or in ISO 8601'

/** Argument i as a moment: as of ids of streams, a number alone is unix ms. Undefined when it is none. */
export function momentOf(a: Args, i: number): Moment | undefined {
  const text = a.text(i)
  return /^\d{1,15}$/.test(text) ? { ms: Number(text) } : parseMoment(text)
}

/** What stands behind the key of LOG HISTORY; an error's text when it can't be. */
export function historyArguments(a: Args): HistoryArguments | string {
  const read: HistoryArguments = { from: undefined, to: undefined, count: historyCountDefault, newestFirst: true }
  for (let i = 3; i < a.count; i++) {
    if (a.is(i, 'ASC')) read.newestFirst = false
    else if (a.is(i, 'DESC')) read.newestFirst = true
    else if (i + 1 === a.count) return replies.syntax
    else if (a.is(i, 'COUNT')) {
      const count = a.int(++i)
      if (!Number.isSafeInteger(count)) return replies.notInteger
      if (count < 1) return replies.mustBePositive
      read.count = count
    } else if (a.is(i, 'FROM') || a.is(i, 'TO')) {
      const side = a.is(i, 'FROM') ? 'from' : 'to'
      read[side] = momentOf(a, ++i)
      if (read[side] === undefined) return badMoment
    } else return replies.syntax
  }
  return read
}
