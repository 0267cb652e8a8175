// What of the log a client may see. Reading `$…` needs a permission of its own, a pattern of keys that matches that
// name (`%R~$all`), which the gates ask for as for any key; and an entry shows only to who may read every key that it
// names. Without keys, FLUSHALL, FLUSHDB and SWAPDB show to all, others (FUNCTION LOAD) to who may read all keys.

import { clientGates } from '../../broker/connection.ts'
import type { Connection } from '../../broker/connection.ts'
import type { Selector } from '../../broker/acl/selector.ts'
import type { EntryKeys } from './entry-keys.ts'

export type MayRead = (keys: EntryKeys) => boolean

/** The client's permissions of now. */
export function readerOf(c: Connection): MayRead {
  if ((c.gates & clientGates.restricted) === 0) return everything
  const selectors = c.broker.acl.get(c.user)?.selectors ?? []
  if (selectors.some((selector) => selector.allKeys)) return everything
  return (keys) => (keys.count === 0 ? keys.databases.length > 0 : selectors.some((one) => readsAll(one, keys)))
}

function everything(): boolean {
  return true
}

function readsAll(selector: Selector, keys: EntryKeys): boolean {
  for (let i = 0; i < keys.count; i++) {
    if (!selector.allowsKey(keys.buf, keys.from[i]!, keys.to[i]!, true, false)) return false
  }
  return true
}
