// What SHUTDOWN and SIGTERM write before the end. A log needs nothing: what was acknowledged is in it. Without one the
// dump file is written where `save` rules are set, or when SAVE was asked for.

import type { Broker } from '../broker.ts'

export type StopWish = { save: 'save' | 'nosave' | undefined, now: boolean, force: boolean }

/** What `shutdown-on-sigterm` and its like ask for. */
export function stopWish(words: string): StopWish {
  const set = new Set(words.split(' '))
  const save = set.has('save') ? 'save' : set.has('nosave') ? 'nosave' : undefined
  return { save, now: set.has('now'), force: set.has('force') }
}

/** False when the data could not be written, and the stop is not forced: it must not go on. */
export function saveAtStop(b: Broker, wish: StopWish): boolean {
  const { persistence, config } = b
  persistence.abort()
  const { appender } = b
  if (appender === undefined && config.values.appendonly && !wish.force && wish.save !== 'nosave') {
    b.report('warning', `Writing initial AOF, can't exit.`)
    return false
  }
  const ruled = wish.save === undefined && appender === undefined && config.values.save.length > 0
  // Half a dataset is worth less than the file that is there.
  const saves = !b.loading.active && (wish.save === 'save' || ruled)
  if (!saves) return true
  b.report('notice', 'Saving the final RDB snapshot before exiting.')
  if (persistence.saveNow()) return true
  if (wish.force) {
    b.report('warning', 'Error trying to save the DB. Exit anyway.')
    return true
  }
  b.report('warning', "Error trying to save the DB, can't exit.")
  return false
}
