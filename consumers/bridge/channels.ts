// Channels and core subjects. What is published on a channel that the pattern matches goes to its subject; what comes
// on a subject goes to its channel. A message that came over a bridge goes out over none, and one that has our id in
// its header, because it went out here, does not come in.

import type { Msg } from 'nats'
import { encodeWords } from '../../core/args.ts'
import { globMatch } from '../../core/keyspace/glob.ts'
import type { Lines } from '../../broker/commands/info-sections.ts'
import type { Tap } from '../../broker/pubsub.ts'
import type { ChannelsBridge } from './definition.ts'
import { Departures } from './departures.ts'
import { headerNames } from './fields.ts'
import { filterOfGlob, fromSubject, toSubject } from './names.ts'
import { hasPassed, hopsOf } from './origins.ts'
import type { Runner, Surroundings } from './runner.ts'

/** The channel bridges of a broker: all hear of each message, but of none that one of them brought. */
export class Channels {
  private readonly around: Surroundings
  private readonly taps: Set<Tap>
  private arriving: boolean

  constructor(around: Surroundings) {
    this.around = around
    this.taps = new Set()
    this.arriving = false
  }

  /** Tells `tap` of each message until the returned function is called. */
  listen(tap: Tap): () => void {
    this.taps.add(tap)
    this.adjust()
    return () => {
      this.taps.delete(tap)
      this.adjust()
    }
  }

  /** Publishes what came over a bridge, also to clients of replicas. */
  arrive(channel: Buffer, payload: Uint8Array): void {
    const { pubsub, replicas } = this.around.broker
    this.around.broker.openTurn()
    if (replicas.active) replicas.stream.takeLater(encodeWords(['PUBLISH', channel, payload]))
    this.arriving = true
    try {
      pubsub.publish(channel, 0, channel.length, payload, 0, payload.length)
    } finally {
      this.arriving = false
    }
  }

  private adjust(): void {
    const { pubsub } = this.around.broker
    if (this.taps.size === 0) pubsub.tap = undefined
    else pubsub.tap ??= (channel, start, end, message, from, to) => {
      if (this.arriving) return
      for (const tap of this.taps) tap(channel, start, end, message, from, to)
    }
  }
}

export class ChannelsRunner implements Runner {
  phase: string
  error: string
  private readonly around: Surroundings
  private readonly bridge: ChannelsBridge
  private readonly channels: Channels
  private readonly departures: Departures
  private readonly unlisten: () => void
  private unsubscribe: () => void
  private readonly counts: { received: number, looped: number, filtered: number }

  constructor(around: Surroundings, bridge: ChannelsBridge, channels: Channels) {
    this.around = around
    this.bridge = bridge
    this.channels = channels
    this.phase = 'down'
    this.error = ''
    this.departures = new Departures(around)
    this.unlisten = bridge.out ? channels.listen((...message) => this.leave(...message)) : () => {}
    this.unsubscribe = () => {}
    this.counts = { received: 0, looped: 0, filtered: 0 }
  }

  connected(): void {
    this.phase = 'flowing'
    this.error = ''
    if (this.bridge.in) this.unsubscribe = this.around.link.subscribe(this.filter, (message) => this.take(message))
  }

  disconnected(): void {
    this.phase = 'down'
    this.departures.clear()
  }

  refused(operation: string, subject: string): void {
    const carried = this.bridge.out && this.channelOf(subject) !== undefined
    const ours = operation === 'subscription' ? subject === this.filter : carried
    if (ours) this.error = `the server permits no ${operation} of ${subject}`
  }

  turnEnded(appended: number): void {
    this.departures.turnEnded(appended)
  }

  logProgressed(): void {
    this.departures.release()
  }

  tick(): void {}

  stop(): void {
    this.unlisten()
    this.unsubscribe()
    this.disconnected()
  }

  figures(): Lines {
    const { sent, dropped, unfit } = this.departures
    return [
      ['subject', this.filter], ['published', sent], ['dropped', dropped], ['unfit', unfit],
      ['received', this.counts.received], ['looped', this.counts.looped], ['filtered', this.counts.filtered],
    ]
  }

  private get filter(): string {
    return this.prefixed(filterOfGlob(this.bridge.pattern))
  }

  private prefixed(subject: string): string {
    return this.bridge.prefix === '' ? subject : `${this.bridge.prefix}.${subject}`
  }

  /** The channel of a subject, if this bridge has it. */
  private channelOf(subject: string): Buffer | undefined {
    const { prefix } = this.bridge
    if (prefix !== '' && !subject.startsWith(`${prefix}.`)) return undefined
    const channel = fromSubject(prefix === '' ? subject : subject.slice(prefix.length + 1))
    return this.matches(channel, 0, channel.length) ? channel : undefined
  }

  private matches(channel: Buffer, start: number, end: number): boolean {
    const { pattern } = this.bridge
    return globMatch(pattern, 0, pattern.length, channel, start, end)
  }

  private leave(channel: Buffer, start: number, end: number, message: Uint8Array, from: number, to: number): void {
    if (!this.matches(channel, start, end)) return
    const subject = this.prefixed(toSubject(channel.subarray(start, end)))
    // A Buffer's own slice would be no copy.
    this.departures.add(subject, Buffer.from(message.subarray(from, to)), [[headerNames.origin, this.around.origin]])
  }

  private take(message: Msg): void {
    if (hasPassed(hopsOf(message.headers?.get(headerNames.origin)), this.around.origin)) {
      this.counts.looped++
      return
    }
    const channel = this.channelOf(message.subject)
    if (channel === undefined) {
      this.counts.filtered++
      return
    }
    this.counts.received++
    this.channels.arrive(channel, message.data)
  }
}
