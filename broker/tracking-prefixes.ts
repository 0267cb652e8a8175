// Client-side caching in broadcasting mode: which clients want to hear of changed keys with which prefixes, and which
// keys changed since they were last told.

import { latin1 } from '../core/args.ts'
import type { Connection } from './connection.ts'

type Prefix = {
  bytes: Buffer
  clients: Set<Connection>
  /** Changed keys (one character a byte), and who changed them first: undefined for no client. */
  changed: Map<string, Connection | undefined>
}

export class Prefixes {
  private readonly byId: Map<string, Prefix>
  /** True when there is something to tell. */
  changed: boolean

  constructor() {
    this.byId = new Map()
    this.changed = false
  }

  get size(): number {
    return this.byId.size
  }

  add(bytes: Buffer, c: Connection): void {
    const id = bytes.toString('latin1')
    const known = this.byId.get(id)
    if (known === undefined) this.byId.set(id, { bytes, clients: new Set([c]), changed: new Map() })
    else known.clients.add(c)
  }

  remove(bytes: Buffer, c: Connection): void {
    const id = bytes.toString('latin1')
    const prefix = this.byId.get(id)!
    prefix.clients.delete(c)
    if (prefix.clients.size === 0) this.byId.delete(id)
  }

  /** The key `buf[from..to)` was changed by a client, or by none. */
  touch(buf: Uint8Array, from: number, to: number, by: Connection | undefined): void {
    let id: string | undefined
    for (const prefix of this.byId.values()) {
      const { bytes, changed } = prefix
      if (to - from < bytes.length || bytes.compare(buf, from, from + bytes.length) !== 0) continue
      id ??= latin1(buf, from, to)
      if (!changed.has(id)) changed.set(id, by)
      this.changed = true
    }
  }

  /** Tells every client of the changed keys, in the order of their bytes, and forgets them. */
  drain(tell: (c: Connection, keys: readonly string[]) => void): void {
    this.changed = false
    for (const [, { clients, changed }] of [...this.byId].toSorted((a, b) => (a[0] < b[0] ? -1 : 1))) {
      if (changed.size === 0) continue
      const keys = [...changed.keys()].toSorted((a, b) => (a < b ? -1 : 1))
      for (const c of clients) {
        const own = c.tracked!.noloop ? keys.filter((key) => changed.get(key) !== c) : keys
        if (own.length > 0) tell(c, own)
      }
      changed.clear()
    }
  }
}
