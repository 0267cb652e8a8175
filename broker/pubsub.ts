// Publish and subscribe: who listens to which channels, shard channels and patterns, and how messages reach them.
// https://redis.io/docs/latest/develop/interact/pubsub/
//
// Messages are no data: nothing of this is in the log. They leave with the replies of their turn, so a message that
// tells of a write leaves no earlier than the write's own reply would.

import { latin1 } from '../core/args.ts'
import { globMatch } from '../core/keyspace/glob.ts'
import type { Broker } from './broker.ts'
import type { Connection } from './connection.ts'
import { FanOut, bulkBytes } from './fan-out.ts'

export type Kind = 'channel' | 'pattern' | 'shard'

/** A channel or pattern that somebody listens to. */
export class Topic {
  readonly kind: Kind
  readonly name: Buffer
  readonly id: string
  readonly clients: Set<Connection>
  /** The clients as an array, until they change: quicker to walk. */
  private cached: readonly Connection[] | undefined

  constructor(kind: Kind, name: Buffer, id: string) {
    this.kind = kind
    this.name = name
    this.id = id
    this.clients = new Set()
    this.cached = undefined
  }

  get listeners(): readonly Connection[] {
    return this.cached ??= [...this.clients]
  }

  add(c: Connection): void {
    this.clients.add(c)
    this.cached = undefined
  }

  remove(c: Connection): void {
    this.clients.delete(c)
    this.cached = undefined
  }
}

/** A message, `message[from..to)`, on the channel `channel[start..end)`; both are overwritten afterwards. */
export type Tap = (
  channel: Buffer, start: number, end: number, message: Uint8Array, from: number, to: number,
) => void

/** What one client listens to, by name (one character a byte), in the order in which it subscribed. */
export type Subscriptions = Record<Kind, Map<string, Topic>>

const pushNames = {
  channel: Buffer.from('message'), pattern: Buffer.from('pmessage'), shard: Buffer.from('smessage'),
} as const

function none(): Subscriptions {
  return { channel: new Map(), pattern: new Map(), shard: new Map() }
}

export class PubSub {
  private readonly broker: Broker
  private readonly topics: Subscriptions
  private readonly two: FanOut
  private readonly three: FanOut
  /** Clients that listen to anything. */
  clients: number
  /** Hears all messages, whoever listens: what carries them elsewhere. */
  tap: Tap | undefined

  constructor(broker: Broker) {
    this.broker = broker
    this.topics = none()
    this.two = new FanOut(2)
    this.three = new FanOut(3)
    this.clients = 0
    this.tap = undefined
  }

  /** How many different channels (shard channels, patterns) are listened to. */
  count(kind: Kind): number {
    return this.topics[kind].size
  }

  /** True when a message on any channel may reach somebody. */
  get heard(): boolean {
    return this.topics.channel.size > 0 || this.topics.pattern.size > 0 || this.tap !== undefined
  }

  all(kind: Kind): Iterable<Topic> {
    return this.topics[kind].values()
  }

  /** How many clients listen to a channel by its name. */
  listeners(kind: Kind, id: string): number {
    return this.topics[kind].get(id)?.clients.size ?? 0
  }

  /** What the client's subscribing commands answer: channels and patterns count as one. */
  subscribed(c: Connection, kind: Kind): number {
    const own = c.subscriptions
    if (own === undefined) return 0
    return kind === 'shard' ? own.shard.size : own.channel.size + own.pattern.size
  }

  subscribe(c: Connection, kind: Kind, name: Buffer): void {
    const own = c.subscriptions ??= this.admit(c)
    const id = latin1(name, 0, name.length)
    if (own[kind].has(id)) return
    let topic = this.topics[kind].get(id)
    if (topic === undefined) {
      topic = new Topic(kind, name, id)
      this.topics[kind].set(id, topic)
    }
    topic.add(c)
    own[kind].set(id, topic)
  }

  unsubscribe(c: Connection, kind: Kind, id: string): void {
    const topic = c.subscriptions?.[kind].get(id)
    if (topic !== undefined) this.part(c, topic)
  }

  /** The client listens to nothing any more. */
  forget(c: Connection): void {
    const own = c.subscriptions
    if (own === undefined) return
    for (const kind of ['channel', 'pattern', 'shard'] as const) {
      for (const topic of own[kind].values()) this.part(c, topic)
    }
  }

  /** Sends a message (`message[from..to)`) to all who listen to the channel; returns how many got it. */
  publish(channel: Buffer, start: number, end: number, message: Uint8Array, from: number, to: number): number {
    const { topics } = this
    let got = 0
    if (this.tap !== undefined) this.tap(channel, start, end, message, from, to)
    if (topics.channel.size > 0) {
      const topic = topics.channel.get(idOf(channel, start, end))
      if (topic !== undefined) got += this.send(topic, channel, start, end, message, from, to)
    }
    if (topics.pattern.size > 0) {
      for (const topic of topics.pattern.values()) {
        const { name } = topic
        if (!globMatch(name, 0, name.length, channel, start, end)) continue
        got += this.send(topic, channel, start, end, message, from, to)
      }
    }
    return got
  }

  /** As `publish`, to those who listen to the shard channel. */
  publishSharded(
    channel: Buffer, start: number, end: number, message: Uint8Array, from: number, to: number,
  ): number {
    const topic = this.topics.shard.get(idOf(channel, start, end))
    return topic === undefined ? 0 : this.send(topic, channel, start, end, message, from, to)
  }

  private send(
    topic: Topic, channel: Buffer, start: number, end: number, message: Uint8Array, from: number, to: number,
  ): number {
    const { broker } = this
    const { listeners, kind, name } = topic
    const word = pushNames[kind]
    let two: FanOut | undefined
    let three: FanOut | undefined
    for (let i = 0; i < listeners.length; i++) {
      const c = listeners[i]!
      let encoded = c.resp === 3 ? three : two
      if (encoded === undefined) {
        encoded = c.resp === 3 ? this.three : this.two
        if (c.resp === 3) three = encoded
        else two = encoded
        const prefix = kind === 'pattern' ? bulkBytes(name.length) : 0
        const size = bulkBytes(word.length) + prefix + bulkBytes(end - start) + bulkBytes(to - from)
        encoded.begin(prefix > 0 ? 4 : 3, size)
        encoded.bulk(word, 0, word.length)
        if (prefix > 0) encoded.bulk(name, 0, name.length)
        encoded.bulk(channel, start, end)
        encoded.bulk(message, from, to)
      }
      broker.answers.push(c, encoded.chunk, encoded.from, encoded.to)
    }
    return listeners.length
  }

  private admit(c: Connection): Subscriptions {
    this.clients++
    c.outputClass = 'pubsub'
    c.subscriptions = none()
    c.adjustSubscribed()
    return c.subscriptions
  }

  private part(c: Connection, topic: Topic): void {
    const own = c.subscriptions!
    topic.remove(c)
    if (topic.clients.size === 0) this.topics[topic.kind].delete(topic.id)
    own[topic.kind].delete(topic.id)
    if (own.channel.size + own.pattern.size + own.shard.size > 0) return
    this.clients--
    c.subscriptions = undefined
    c.outputClass = 'normal'
    c.adjustSubscribed()
  }
}

function idOf(buf: Buffer, from: number, to: number): string {
  return latin1(buf, from, to)
}
