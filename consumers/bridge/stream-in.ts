// JetStream to a stream of ours: every message once. The entry and the message's sequence are one transaction of the
// log, so after any crash the next consumer begins right behind what the log holds.
//
//   aligning    JetStream is asked what the stream has; a consumer is made that begins at the cursor + 1
//   flowing     messages are asked for in batches; each that comes is the next, or the consumer is made anew
//   waiting     for a time, before the next try
//
// The consumer is ordered: it lives in JetStream's memory, acknowledges nothing, and is thrown away at the first sign
// of a hole. A durable consumer would deliver again what is below its floor after a crash, late and out of order.
//
// What JetStream removed before it was read is a gap: it is counted, reported, and an entry of the dead-letter stream.

import type { Lines } from '../../broker/commands/info-sections.ts'
import { ReplyError } from '../../broker/inner-client.ts'
import type { Msg } from 'nats'
import { Backoff } from './backoff.ts'
import type { StreamInBridge } from './definition.ts'
import { deliveryOf, fieldsOf, headersOf, nanosPerMs } from './deliveries.ts'
import type { Delivery } from './deliveries.ts'
import { headerNames, headerOf } from './fields.ts'
import type { Headers } from './fields.ts'
import {
  askBatch, askExpiryMs, askHeartbeatMs, idleConsumerMs, retryMsMax, retryMsMin, silenceMsMax,
} from './limits.ts'
import { hasPassed, hopsOf, streamHop } from './origins.ts'
import type { Runner, Surroundings } from './runner.ts'
import { deadLetter } from './streams.ts'

type Phase = 'down' | 'aligning' | 'flowing' | 'waiting'
type StreamInfo = { created: string, state: { first_seq: number, last_seq: number } }

export class StreamIn implements Runner {
  phase: Phase
  error: string
  private readonly around: Surroundings
  private readonly bridge: StreamInBridge
  private readonly backoff: Backoff
  /** The last sequence that the log holds. */
  private cursor: number
  /** When the JetStream stream was made, as its server says: another time is another stream. */
  private created: string
  private round: number
  private consumer: string
  private inbox: string
  private unsubscribe: () => void
  /** What came in this turn of the loop. */
  private batch: Delivery[]
  /** The consumer's own count of the next message. */
  private nextDelivery: number
  /** Messages that were asked for and have not come. */
  private asked: number
  private heardMs: number
  private retryMs: number
  private pending: number
  private lastMs: number
  private readonly counts: {
    received: number, dead: number, gaps: number, missing: number, looped: number, consumers: number
  }

  constructor(around: Surroundings, bridge: StreamInBridge) {
    this.around = around
    this.bridge = bridge
    this.phase = 'down'
    this.error = ''
    this.backoff = new Backoff(retryMsMin, retryMsMax)
    this.cursor = 0
    this.created = ''
    this.round = 0
    this.consumer = ''
    this.inbox = ''
    this.unsubscribe = () => {}
    this.batch = []
    this.nextDelivery = 1
    this.asked = 0
    this.heardMs = 0
    this.retryMs = 0
    this.pending = 0
    this.lastMs = 0
    this.counts = { received: 0, dead: 0, gaps: 0, missing: 0, looped: 0, consumers: 0 }
    this.load()
  }

  connected(): void {
    this.backoff.reset()
    this.begin()
  }

  disconnected(): void {
    this.halt('down')
  }

  refused(operation: string, subject: string): void {
    if (subject.includes(`.${this.bridge.stream}`)) this.pauseFor(`the server permits no ${operation} of ${subject}`)
  }

  turnEnded(): void {}

  logProgressed(): void {}

  tick(monotonicMs: number): void {
    if (this.phase === 'waiting' && monotonicMs >= this.retryMs && this.around.link.up) this.begin()
    else if (this.phase === 'flowing' && monotonicMs - this.heardMs > silenceMsMax) this.begin()
    else this.takeBatch()
  }

  stop(): void {
    this.halt('down')
  }

  figures(): Lines {
    const { counts } = this
    return [
      ['stream', this.bridge.stream], ['cursor', this.cursor], ['lag', this.pending],
      ['lag_ms', this.pending === 0 ? 0 : Math.max(0, this.around.broker.engine.clock.nowMs() - this.lastMs)],
      ['received', counts.received], ['dead_letters', counts.dead], ['gaps', counts.gaps],
      ['missing', counts.missing], ['looped', counts.looped], ['consumers', counts.consumers],
    ]
  }

  private load(): void {
    const kept = this.around.state.read(this.bridge.name)
    this.cursor = Number(kept.get('sequence') ?? -1)
    this.created = kept.get('created') ?? ''
  }

  private get monotonicMs(): number {
    return this.around.broker.engine.clock.monotonicMs()
  }

  // Beginnings.

  private halt(phase: Phase): void {
    this.phase = phase
    this.round++
    this.unsubscribe()
    this.unsubscribe = () => {}
    this.batch = []
    this.asked = 0
  }

  private pauseFor(why: string): void {
    this.halt('waiting')
    this.retryMs = this.monotonicMs + this.backoff.wait()
    if (this.error === why) return
    this.error = why
    this.around.broker.report('warning', `bridge ${this.bridge.name}: ${why}`)
  }

  private begin(): void {
    this.halt('aligning')
    const { round } = this
    this.align(round).catch((error: Error) => {
      if (round === this.round) this.pauseFor(error.message)
    })
  }

  private async align(round: number): Promise<void> {
    const { link, state } = this.around
    const { stream, filter } = this.bridge
    if (!state.ready) throw new Error('the broker is busy')
    this.load()
    const info = await link.api<StreamInfo>(`STREAM.INFO.${stream}`)
    if (round !== this.round) return
    this.adopt(info)
    const made = await link.api<{ name: string, num_pending: number }>(`CONSUMER.CREATE.${stream}`, {
      stream_name: stream,
      config: {
        deliver_policy: 'by_start_sequence', opt_start_seq: this.cursor + 1, ack_policy: 'none', max_deliver: 1,
        replay_policy: 'instant', mem_storage: true, num_replicas: 1, inactive_threshold: idleConsumerMs * nanosPerMs,
        ...(filter === undefined ? {} : { filter_subject: filter }),
      },
    })
    if (round !== this.round) return
    this.consumer = made.name
    this.pending = made.num_pending
    this.counts.consumers++
    this.nextDelivery = 1
    this.inbox = link.inbox()
    this.unsubscribe = link.subscribe(this.inbox, (message) => this.take(message))
    this.heardMs = this.monotonicMs
    this.phase = 'flowing'
    this.ask()
  }

  /** Looks whether the stream is the one that the cursor is about, and whether all behind it is still there. */
  private adopt({ created, state: { first_seq: first, last_seq: last } }: StreamInfo): void {
    const { state } = this.around
    const { from } = this.bridge
    if (!state.ready) throw new Error('the broker is busy')
    if (this.cursor < 0) {
      this.cursor = from === 'first' ? 0 : from === 'new' ? last : from - 1
      this.created = created
      state.write(this.bridge.name, { sequence: this.cursor, created })
      // What was gone before the bridge came is no gap.
      if (from === 'first' && first > 1) this.moveTo(first - 1)
      return
    }
    if (this.created !== created || last < this.cursor) {
      state.inner.atomically(() => {
        this.reportGap(`the stream was made anew: it is read from its beginning`, this.cursor + 1, 0)
        state.write(this.bridge.name, { sequence: 0, created })
      })
      this.cursor = 0
      this.created = created
    }
    if (first > this.cursor + 1) {
      state.inner.atomically(() => {
        this.reportGap('messages were removed before they were read', this.cursor + 1, first - 1)
        this.moveTo(first - 1)
      })
    }
  }

  private moveTo(sequence: number): void {
    this.around.state.write(this.bridge.name, { sequence })
    this.cursor = sequence
  }

  // Messages.

  /** Asks for more before what was asked for has all come. */
  private ask(): void {
    if (this.asked > askBatch / 2) return
    this.asked += askBatch
    const { link } = this.around
    link.ask(link.apiSubject(`CONSUMER.MSG.NEXT.${this.bridge.stream}.${this.consumer}`), {
      batch: askBatch, expires: askExpiryMs * nanosPerMs, idle_heartbeat: askHeartbeatMs * nanosPerMs,
    }, this.inbox)
  }

  private take(message: Msg): void {
    this.heardMs = this.monotonicMs
    const delivery = deliveryOf(message)
    if (delivery === undefined) return this.takeStatus(message)
    const { sequence, delivered, ms, pending } = delivery
    if (delivered !== this.nextDelivery) return this.begin()
    this.nextDelivery++
    this.asked--
    this.pending = pending
    this.batch.push({ message, sequence, ms })
    if (this.batch.length === 1) queueMicrotask(() => this.takeBatch())
  }

  private takeStatus(message: Msg): void {
    const code = message.headers?.code ?? 0
    if (code === 100) return
    if (code === 404 || code === 408) {
      this.asked -= Number(message.headers?.get('Nats-Pending-Messages') ?? 0)
      if (code === 404) this.asked = 0
      return this.ask()
    }
    // The consumer is gone, its server stops, or something else that only a new consumer helps against.
    this.pauseFor(message.headers?.description ?? `status ${code}`)
  }

  /** What came becomes entries, and the cursor moves behind it: one transaction. */
  private takeBatch(): void {
    if (this.batch.length === 0 || !this.around.state.ready) return
    const { batch } = this
    this.batch = []
    const { state, broker } = this.around
    broker.memory.look()
    try {
      if (this.kept() !== this.cursor) return this.begin()
      const taken = this.cursor
      let failed: ReplyError | undefined
      state.inner.atomically(() => {
        for (const delivery of batch) {
          try {
            this.append(delivery)
          } catch (error) {
            if (!(error instanceof ReplyError)) throw error
            failed = error
            break
          }
          this.cursor = delivery.sequence
        }
        if (this.cursor !== taken) this.moveTo(this.cursor)
      })
      if (failed !== undefined) throw failed
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      return this.pauseFor(error.message)
    }
    this.lastMs = batch.at(-1)!.ms
    this.backoff.reset()
    this.error = ''
    if (broker.stopping) return
    this.ask()
  }

  /** The sequence that the log holds: somebody may have set it, or emptied the database. */
  private kept(): number {
    return Number(this.around.state.read(this.bridge.name).get('sequence') ?? -1)
  }

  private append({ message, sequence }: Delivery): void {
    const { state, origin } = this.around
    const { db, key, filter, maxLength, stream } = this.bridge
    // Without a filter all sequences come: what is left out was removed.
    if (filter === undefined && sequence !== this.cursor + 1) {
      this.reportGap('messages were removed before they were read', this.cursor + 1, sequence - 1)
    }
    let headers: Headers = []
    let fields: Buffer[]
    try {
      headers = headersOf(message)
      const hops = hopsOf(headerOf(headers, headerNames.origin))
      if (hasPassed(hops, origin)) {
        this.counts.looped++
        return
      }
      fields = fieldsOf(message, headers)
      fields.push(Buffer.from(headerNames.origin), Buffer.from([...hops, streamHop(stream)].join(',')))
    } catch (error) {
      this.bury(message, sequence, headers, (error as Error).message)
      return
    }
    const bound = maxLength === undefined ? [] : ['MAXLEN', '~', String(maxLength)]
    state.call(db, ['XADD', key, ...bound, '*', ...fields])
    this.counts.received++
  }

  private bury(message: Msg, sequence: number, headers: Headers, reason: string): void {
    const { state, broker } = this.around
    const { name, db, stream } = this.bridge
    const provenance = {
      bridge: name, reason, source: streamHop(stream), sequence: String(sequence), subject: message.subject,
    }
    deadLetter(state, db, this.bridge.deadLetter, provenance, [
      Buffer.from('data'), Buffer.from(message.data), ...headers.flat().map((text) => Buffer.from(text)),
    ])
    this.counts.dead++
    broker.report('warning', `bridge ${name}: message ${sequence} of ${stream} is put aside: ${reason}`)
  }

  /** `to` is 0 where nobody knows how much is missing. */
  private reportGap(reason: string, from: number, to: number): void {
    const { state, broker } = this.around
    const { name, db, stream } = this.bridge
    const missing = Math.max(0, to - from + 1)
    this.counts.gaps++
    this.counts.missing += missing
    deadLetter(state, db, this.bridge.deadLetter, {
      bridge: name, reason, source: streamHop(stream), from: String(from), to: to === 0 ? '' : String(to),
    }, [])
    broker.report('warning', `bridge ${name}: ${reason}: ${stream} from ${from}${to === 0 ? '' : ` to ${to}`}`)
  }
}
