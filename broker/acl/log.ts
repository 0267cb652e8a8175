// ACL LOG: what was refused to whom. What is refused again within a minute is counted, not listed again.
// https://redis.io/docs/latest/commands/acl-log/

import type { Reply } from '../../core/reply.ts'
import { aclLogGroupMs } from '../limits.ts'

export type Reason = 'command' | 'key' | 'channel' | 'auth'
export type Context = 'toplevel' | 'multi' | 'lua'

export type Refused = {
  reason: Reason
  context: Context
  /** The command, key or channel; for AUTH the command that was sent. One character a byte. */
  object: string
  username: string
  /** The line of CLIENT LIST. */
  client: string
}

type Entry = Refused & { id: number, count: number, createdMs: number, updatedMs: number }

/** How many of the newest entries are looked at for one of the same. */
const scannedMax = 10

export class AclLog {
  /** Newest first. */
  private entries: Entry[]
  private nextId: number

  constructor() {
    this.entries = []
    this.nextId = 0
  }

  add(refused: Refused, nowMs: number, entriesMax: number): void {
    const { reason, context, object, username, client } = refused
    const at = this.entries.slice(0, scannedMax).findIndex((entry) =>
      entry.reason === reason && entry.context === context && entry.object === object && entry.username === username
      && nowMs - entry.updatedMs <= aclLogGroupMs)
    if (at < 0) {
      this.entries.unshift({ ...refused, id: this.nextId++, count: 1, createdMs: nowMs, updatedMs: nowMs })
      this.entries.length = Math.min(this.entries.length, entriesMax)
      return
    }
    const [entry] = this.entries.splice(at, 1)
    entry!.count++
    entry!.updatedMs = nowMs
    entry!.client = client
    this.entries.unshift(entry!)
  }

  reset(): void {
    this.entries = []
  }

  write(r: Reply, count: number, nowMs: number): void {
    const shown = this.entries.slice(0, count)
    r.array(shown.length)
    for (const entry of shown) {
      r.map(10)
      writeNumber(r, 'count', entry.count)
      for (const name of ['reason', 'context', 'object', 'username'] as const) {
        r.text(name)
        r.text(entry[name])
      }
      r.text('age-seconds')
      r.double(((nowMs - entry.updatedMs) / 1000).toFixed(3).replace(/\.?0+$/, ''))
      r.text('client-info')
      r.utf8(entry.client)
      writeNumber(r, 'entry-id', entry.id)
      writeNumber(r, 'timestamp-created', entry.createdMs)
      writeNumber(r, 'timestamp-last-updated', entry.updatedMs)
    }
  }
}

function writeNumber(r: Reply, name: string, value: number): void {
  r.text(name)
  r.int(value)
}
