// The messages of client-side caching, to a client or to the one that listens in its place.
//
//   RESP3                  >2 invalidate, and an array of keys, or null for all keys
//   RESP2, by pub/sub      *3 message __redis__:invalidate, and the same
//
// A client of RESP2 can only be told through another one that is in pub/sub mode.

import type { Broker } from './broker.ts'
import type { Connection } from './connection.ts'
import { FanOut, bulkBytes } from './fan-out.ts'

const word = Buffer.from('invalidate')
const message = Buffer.from('message')
const channel = Buffer.from('__redis__:invalidate')
const broken = Buffer.from('tracking-redir-broken')
const headBytes = bulkBytes(channel.length) + bulkBytes(message.length) + 32

export class InvalidationWriter {
  private readonly broker: Broker
  private readonly two: FanOut
  private readonly three: FanOut
  /** What `two` and `three` hold just now: the message about one key, for whoever else read it. */
  private twoHolds: Buffer | undefined
  private threeHolds: Buffer | undefined

  constructor(broker: Broker) {
    this.broker = broker
    this.two = new FanOut(2)
    this.three = new FanOut(3)
    this.twoHolds = undefined
    this.threeHolds = undefined
  }

  /** Tells a tracking client that a key changed; undefined: that all keys went. */
  send(c: Connection, key: Buffer | undefined): void {
    const target = this.targetOf(c)
    if (target === undefined) return
    const encoded = target.resp === 3 ? this.three : this.two
    if (key === undefined) {
      this.begin(encoded, 0)
      encoded.nil(c.resp)
      this.end()
    } else if ((target.resp === 3 ? this.threeHolds : this.twoHolds) !== key) {
      this.begin(encoded, bulkBytes(key.length))
      encoded.array(1)
      encoded.bulk(key, 0, key.length)
      if (target.resp === 3) this.threeHolds = key
      else this.twoHolds = key
    }
    this.broker.answers.pushNow(target, encoded.chunk, encoded.from, encoded.to)
  }

  /** Tells a tracking client that several keys changed. */
  sendList(c: Connection, keys: readonly string[]): void {
    const target = this.targetOf(c)
    if (target === undefined) return
    const encoded = target.resp === 3 ? this.three : this.two
    this.begin(encoded, keys.reduce((size, key) => size + bulkBytes(key.length), 0))
    encoded.array(keys.length)
    for (const key of keys) encoded.bulk(Buffer.from(key, 'latin1'), 0, key.length)
    this.end()
    this.broker.answers.pushNow(target, encoded.chunk, encoded.from, encoded.to)
  }

  /** The message at hand is not used again. */
  end(): void {
    this.twoHolds = undefined
    this.threeHolds = undefined
  }

  private begin(encoded: FanOut, bytes: number): void {
    if (encoded === this.three) {
      encoded.begin(2, headBytes + bytes)
      encoded.bulk(word, 0, word.length)
      return
    }
    encoded.begin(3, headBytes + bytes)
    encoded.bulk(message, 0, message.length)
    encoded.bulk(channel, 0, channel.length)
  }

  /** Who is told, undefined when nobody can be. */
  private targetOf(c: Connection): Connection | undefined {
    const { tracked } = c
    // It may have ceased to track within the transaction that changed the key.
    if (tracked === undefined || tracked.redirect === 0) return c.resp === 3 ? c : undefined
    const other = this.broker.clients.get(tracked.redirect)
    if (other !== undefined) return other.resp === 3 || other.subscriptions !== undefined ? other : undefined
    tracked.broken = true
    if (c.resp === 3) this.tellBroken(c, tracked.redirect)
    return undefined
  }

  private tellBroken(c: Connection, redirect: number): void {
    this.end()
    const { three } = this
    three.begin(2, headBytes)
    three.bulk(broken, 0, broken.length)
    three.int(redirect)
    this.broker.answers.pushNow(c, three.chunk, three.from, three.to)
  }
}
