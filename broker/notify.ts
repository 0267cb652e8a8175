// Keyspace notifications: what happens to keys, published on channels that tell it by key and by event.
// https://redis.io/docs/latest/develop/use/keyspace-notifications/
//
//   __keyspace@<db>__:<key>     the event     (class K)
//   __keyevent@<db>__:<event>   the key       (class E)
//
// While `notify-keyspace-events` asks for nothing, and nobody taps, the engine has no hook and pays nothing.

import type { EventHook } from '../core/engine.ts'
import type { Broker } from './broker.ts'

const heldChannelBytes = 512

export class KeyspaceEvents {
  private readonly broker: Broker
  /** Letters of the classes that are wanted. */
  private classes: string
  private byKey: boolean
  private byEvent: boolean
  /** Hear all events, whatever is configured. */
  private readonly taps: Set<EventHook>
  private readonly words: Map<string, Buffer>
  /** `__keyevent@0__:set` by event, for each database. */
  private readonly channels: Map<string, Buffer>[]
  /** Where channels of keys are put together. */
  private scratch: Buffer

  constructor(broker: Broker) {
    this.broker = broker
    this.classes = ''
    this.byKey = false
    this.byEvent = false
    this.taps = new Set()
    this.words = new Map()
    this.channels = broker.engine.dbs.map(() => new Map<string, Buffer>())
    this.scratch = Buffer.alloc(heldChannelBytes)
    this.configure()
    broker.config.onChange(['notify-keyspace-events'], () => this.configure())
  }

  private configure(): void {
    const { engine, config } = this.broker
    const classes = config.values.notifyKeyspaceEvents
    this.classes = classes
    this.byKey = classes.includes('K')
    this.byEvent = classes.includes('E')
    if (!this.byKey && !this.byEvent && this.taps.size === 0) engine.onEvent = undefined
    else engine.onEvent = (kind, event, db, buf, from, to) => this.happened(kind, event, db, buf, from, to)
  }

  /** Also tells `hook` of all events, of every class, until the returned function is called. */
  tap(hook: EventHook): () => void {
    this.taps.add(hook)
    this.configure()
    return () => {
      this.taps.delete(hook)
      this.configure()
    }
  }

  private happened(kind: string, event: string, db: number, buf: Uint8Array, from: number, to: number): void {
    const { engine } = this.broker
    if (engine.replaying && !engine.following) return
    for (const hook of this.taps) hook(kind, event, db, buf, from, to)
    if (this.byKey || this.byEvent) this.publish(kind, event, db, buf, from, to)
  }

  private publish(kind: string, event: string, db: number, buf: Uint8Array, from: number, to: number): void {
    const { pubsub } = this.broker
    if (!pubsub.heard || !this.classes.includes(kind)) return
    const word = this.word(event)
    if (this.byKey) {
      const size = this.channelOf(db, buf, from, to)
      pubsub.publish(this.scratch, 0, size, word, 0, word.length)
    }
    if (!this.byEvent) return
    const channel = this.channel(db, event)
    pubsub.publish(channel, 0, channel.length, buf, from, to)
  }

  /** Puts the channel of a key into `scratch`; returns its length. */
  private channelOf(db: number, buf: Uint8Array, from: number, to: number): number {
    const head = `__keyspace@${db}__:`
    const size = head.length + to - from
    if (size > this.scratch.length) this.scratch = Buffer.alloc(size * 2)
    else if (this.scratch.length > heldChannelBytes && size <= heldChannelBytes) {
      this.scratch = Buffer.alloc(heldChannelBytes)
    }
    this.scratch.write(head, 0, 'latin1')
    this.scratch.set(buf.subarray(from, to), head.length)
    return size
  }

  private channel(db: number, event: string): Buffer {
    const known = this.channels[db]!
    let channel = known.get(event)
    if (channel === undefined) {
      channel = Buffer.from(`__keyevent@${db}__:${event}`)
      known.set(event, channel)
    }
    return channel
  }

  private word(event: string): Buffer {
    let word = this.words.get(event)
    if (word === undefined) {
      word = Buffer.from(event)
      this.words.set(event, word)
    }
    return word
  }
}
