// What bridges keep, as ordinary keys of database 0, so that it is in the log, in checkpoints and on replicas:
//
//   millrace:bridges         hash    name → the words of a bridge that was added at run time; `@origin` → our id
//   millrace:bridge:<name>   hash    where the bridge stands: cursor, incarnation, paused, …

import type { Broker } from '../../broker/broker.ts'
import { InnerClient, mayCall } from '../../broker/inner-client.ts'
import type { ReplyValue } from '../../broker/resp/reply-value.ts'
import { readWords, wordsText } from './definition.ts'
import type { Words } from './definition.ts'

/** What all keys of bridges begin with. */
export const keyPrefix = Buffer.from('millrace:bridge')
const listKey = 'millrace:bridges'
const originField = '@origin'

export class State {
  readonly inner: InnerClient
  private readonly broker: Broker

  constructor(broker: Broker) {
    this.broker = broker
    this.inner = new InnerClient(broker, 'bridge')
  }

  /** False while data is loaded, or a script holds the turn: nothing may be read or written in between. */
  get ready(): boolean {
    return mayCall(this.broker)
  }

  get loading(): boolean {
    return this.broker.loading.active
  }

  /** Runs a command on database `db`. Throws ReplyError. */
  call(db: number, words: readonly (string | Uint8Array)[]): ReplyValue {
    this.inner.db = db
    return this.inner.call(words)
  }

  /** The bridges that were added at run time. */
  definitions(): Map<string, Words> {
    const found = new Map<string, Words>()
    for (const [name, line] of this.hash(listKey)) if (name !== originField) found.set(name, readWords(line))
    return found
  }

  define(name: string, words: Words): void {
    this.call(0, ['HSET', listKey, name, wordsText(words)])
  }

  /** Forgets the bridge, and where it stood. */
  undefine(name: string): void {
    this.inner.atomically(() => {
      this.call(0, ['HDEL', listKey, name])
      this.call(0, ['DEL', keyOf(name)])
    })
  }

  read(name: string): Map<string, string> {
    return this.hash(keyOf(name))
  }

  write(name: string, values: Readonly<Record<string, string | number>>): void {
    this.call(0, ['HSET', keyOf(name), ...Object.entries(values).flatMap(([field, value]) => [field, String(value)])])
  }

  erase(name: string, field: string): void {
    this.call(0, ['HDEL', keyOf(name), field])
  }

  /** Who we are in the headers of messages: as configured, or made once and kept with the data. */
  origin(): string {
    const configured = this.broker.config.values.bridgeOrigin
    if (configured !== '') return configured
    const kept = this.call(0, ['HGET', listKey, originField]) as Buffer | null
    if (kept !== null) return kept.toString()
    const made = this.token() + this.token()
    this.call(0, ['HSET', listKey, originField, made])
    return made
  }

  /** Eight hexadecimal digits by chance. */
  token(): string {
    return this.broker.engine.random.u32().toString(16).padStart(8, '0')
  }

  private hash(key: string): Map<string, string> {
    const found = this.call(0, ['HGETALL', key]) as Map<Buffer, Buffer>
    return new Map(Array.from(found, ([field, value]) => [field.toString(), value.toString()]))
  }
}

function keyOf(name: string): string {
  return `millrace:bridge:${name}`
}
