// A stream of ours to JetStream: every entry, in order, at least once; JetStream's window of message ids, and the look
// at its last message that each connection begins with, remove what was sent twice.
//
//   flowing     entries are read from behind the last one sent, and published as far as the window has room
//   settling    one was refused, or nothing was heard of it: nothing more is sent until all others are answered
//   aligning    JetStream is asked for its last message: what it has of ours needs not be sent again
//   waiting     for a time, before the next try
//
// Order. Each message names the one before it as the last one that JetStream must hold (Nats-Expected-Last-Msg-Id):
// when one is refused, all behind it are, too, and go again in order. A stream that others write to can't promise that:
// SHARED leaves the header out, and what overtakes a refused message is counted.
//
// A message leaves when the log is as safe as its policy says, as a reply would: JetStream never has what a crash of
// ours can take back. The cursor is the last entry behind which all are acknowledged; it is written ten times a second.

import type { Msg } from 'nats'
import type { Lines } from '../../broker/commands/info-sections.ts'
import { ReplyError } from '../../broker/inner-client.ts'
import { compareIds } from '../ids.ts'
import { Backoff } from './backoff.ts'
import { Cursor } from './cursor.ts'
import type { StreamOutBridge } from './definition.ts'
import { headerNames, toMessage, valueOf } from './fields.ts'
import { isId, msOf } from './ids.ts'
import { lastMessageId, outcomeOf, streamOf } from './jetstream.ts'
import {
  ackMsMax, conflictsMax, inFlightBytesMax, readBytesMax, readEntriesMax, retryMsMax, retryMsMin,
} from './limits.ts'
import { messageBytes } from './link.ts'
import { hasPassed, originsOf, streamHop } from './origins.ts'
import type { Runner, Surroundings } from './runner.ts'
import { deadLetter, entriesAfter, entryOf } from './streams.ts'
import type { Entry } from './streams.ts'
import { Window } from './window.ts'
import type { Outcome } from './window.ts'

type Phase = 'down' | 'aligning' | 'flowing' | 'settling' | 'waiting'

export class StreamOut implements Runner {
  phase: Phase
  private readonly around: Surroundings
  private readonly bridge: StreamOutBridge
  private readonly cursor: Cursor
  private readonly window: Window
  private readonly backoff: Backoff
  private problem: string
  /** Entries that were read and not sent yet, from `at` on; they may leave when the log is safe up to `position`. */
  private held: { entries: Entry[], at: number, position: number }
  private readTo: string
  private seen: number
  private meanBytes: number
  /** Counts the beginnings: answers to earlier ones don't matter. */
  private round: number
  private inbox: string
  private unsubscribe: () => void
  private stream: string
  /** Id of the message before the next one, '' at a beginning. */
  private before: string
  private retryMs: number
  /** When to give up waiting for answers, while settling. */
  private settleMs: number
  private conflicts: number
  private readonly counts: {
    published: number, duplicates: number, aligned: number, retries: number, dead: number, missed: number
    overtaken: number, looped: number
  }

  /** Throws ReplyError. */
  constructor(around: Surroundings, bridge: StreamOutBridge) {
    this.around = around
    this.bridge = bridge
    this.phase = 'down'
    this.cursor = new Cursor(around, bridge)
    this.window = new Window()
    this.backoff = new Backoff(retryMsMin, retryMsMax)
    this.problem = ''
    this.held = { entries: [], at: 0, position: 0 }
    this.readTo = this.cursor.id
    this.seen = -1
    this.meanBytes = 1024
    this.round = 0
    this.inbox = ''
    this.unsubscribe = () => {}
    this.stream = ''
    this.before = ''
    this.retryMs = 0
    this.settleMs = 0
    this.conflicts = 0
    this.counts = {
      published: 0, duplicates: 0, aligned: 0, retries: 0, dead: 0, missed: 0, overtaken: 0, looped: 0,
    }
  }

  get error(): string {
    return this.problem === '' ? this.cursor.error : this.problem
  }

  connected(): void {
    this.inbox = this.around.link.inbox()
    this.unsubscribe = this.around.link.subscribe(`${this.inbox}.>`, (message) => this.answered(message))
    this.backoff.reset()
    this.begin()
  }

  disconnected(): void {
    this.halt('down')
  }

  refused(operation: string, subject: string): void {
    if (operation !== 'publish' || subject !== this.bridge.subject) return
    this.pauseFor(`the server permits no publish to ${subject}`)
  }

  turnEnded(appended: number): void {
    if (this.phase !== 'flowing' || appended === this.seen) return
    this.seen = appended
    this.pump()
  }

  logProgressed(): void {
    if (this.heldCount > 0) this.pump()
  }

  tick(monotonicMs: number): void {
    const head = this.window.peek()
    if (this.phase === 'waiting' && monotonicMs >= this.retryMs && this.around.link.up) this.begin()
    else if (this.phase === 'settling' && (this.window.open === 0 || monotonicMs > this.settleMs)) this.goAgain()
    else if (head?.outcome === 'sent' && monotonicMs > head.deadlineMs) {
      // Nobody knows what became of it: it goes again under its id, before anything behind it.
      this.counts.retries++
      this.begin()
    } else this.pump()
    if (this.around.state.ready) this.cursor.persist(this.unsent)
  }

  stop(): void {
    this.halt('down')
    this.unsubscribe()
    if (this.around.state.ready) this.cursor.persist(0)
  }

  figures(): Lines {
    const { counts, window, cursor } = this
    const first = this.firstUnsent()
    const waitingMs = first === undefined ? 0 : Math.max(0, this.around.broker.engine.clock.nowMs() - msOf(first))
    return [
      ['subject', this.bridge.subject], ['stream', this.stream], ['cursor', cursor.id],
      ['lag', cursor.lag(this.unsent)], ['lag_ms', waitingMs],
      ['in_flight', window.count], ['in_flight_bytes', window.bytes],
      ['published', counts.published], ['duplicates', counts.duplicates], ['aligned', counts.aligned],
      ['retries', counts.retries], ['dead_letters', counts.dead], ['missed', counts.missed],
      ['overtaken', counts.overtaken], ['looped', counts.looped],
    ]
  }

  private get monotonicMs(): number {
    return this.around.broker.engine.clock.monotonicMs()
  }

  private get heldCount(): number {
    return this.held.entries.length - this.held.at
  }

  /** Entries that were read and are not acknowledged. */
  private get unsent(): number {
    return this.window.count + this.heldCount
  }

  private firstUnsent(): string | undefined {
    const known = this.window.peek()?.id ?? this.held.entries[this.held.at]?.id
    if (known !== undefined || this.phase === 'flowing') return known
    try {
      return entriesAfter(this.around.state, this.bridge.db, this.bridge.key, this.cursor.id, 1)[0]?.id
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      return undefined
    }
  }

  private report(text: string): void {
    this.around.broker.report('warning', `bridge ${this.bridge.name}: ${text}`)
  }

  // Beginnings.

  private halt(phase: Phase): void {
    this.phase = phase
    this.round++
    this.cursor.read(-this.unsent)
    this.window.clear()
    this.held = { entries: [], at: 0, position: 0 }
    this.readTo = this.cursor.id
    this.before = ''
  }

  private pauseFor(why: string): void {
    this.halt('waiting')
    this.retryMs = this.monotonicMs + this.backoff.wait()
    if (this.problem === why) return
    this.problem = why
    this.report(why)
  }

  /** From the beginning: what JetStream has needs not be sent again. */
  private begin(): void {
    this.halt('aligning')
    const { round } = this
    this.align(round).catch((error: Error) => {
      if (round === this.round) this.pauseFor(error.message)
    })
  }

  private async align(round: number): Promise<void> {
    const { link } = this.around
    const { subject, create } = this.bridge
    const stream = await streamOf(link, subject, create)
    const last = await lastMessageId(link, stream, subject)
    if (round !== this.round) return
    this.stream = stream
    const own = this.messageId('')
    const id = last?.startsWith(own) === true ? last.slice(own.length) : ''
    if (isId(id) && compareIds(id, this.cursor.id) > 0) {
      this.counts.aligned++
      this.cursor.advance(id)
      // How many entries that were is not known: the next time that all is read, it is.
      this.cursor.passed = -1
      this.readTo = id
    }
    this.phase = 'flowing'
    this.pump()
  }

  private messageId(id: string): string {
    return `${this.around.origin}/${this.bridge.name}/${this.cursor.incarnation}/${id}`
  }

  // Sending.

  /** Sends as much as the window and the safety of the log allow. */
  private pump(): void {
    const { window } = this
    const { state, broker } = this.around
    if (!state.ready) return
    try {
      this.takeSettled()
      while (this.phase === 'flowing' && window.count < this.bridge.inFlight && window.bytes < inFlightBytesMax) {
        if (this.heldCount === 0 && !this.readOn()) return
        if (broker.engine.log.safe < this.held.position) return
        this.send(this.held.entries[this.held.at++]!)
      }
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      this.pauseFor(error.message)
    }
  }

  /** Reads what comes next; false when there is nothing. Throws ReplyError. */
  private readOn(): boolean {
    const { state, broker } = this.around
    const { db, key, inFlight } = this.bridge
    const room = Math.min(readEntriesMax, inFlight - this.window.count, Math.floor(readBytesMax / this.meanBytes))
    const entries = entriesAfter(state, db, key, this.readTo, Math.max(1, room))
    if (entries.length === 0) {
      this.takeStock()
      return false
    }
    this.held = { entries, at: 0, position: broker.engine.log.appended }
    this.readTo = entries.at(-1)!.id
    this.cursor.read(entries.length)
    const bytes = entries.reduce((sum, { fields }) => sum + fields.reduce((all, field) => all + field.length, 0), 0)
    this.meanBytes = Math.max(1, bytes / entries.length)
    return true
  }

  private takeStock(): void {
    const missed = this.cursor.takeStock(this.readTo)
    if (missed === 'anew') {
      this.report('the stream was made anew: its entries are sent as new ones')
      this.begin()
    } else if (missed > 0) {
      this.counts.missed += missed
      this.report(`${missed} entries were removed from the stream before they could be sent`)
    }
  }

  private send({ id, fields }: Entry): void {
    const { link, origin } = this.around
    const [origins, own] = originsOf(fields)
    if (hasPassed(origins, streamHop(this.stream))) {
      this.counts.looped++
      this.addSlot(id, 'skipped')
      this.takeSettled()
      return
    }
    const { headers, payload } = toMessage(own)
    const messageId = this.messageId(id)
    headers.push([headerNames.messageId, messageId], [headerNames.origin, [...origins, origin].join(',')])
    if (this.before !== '' && !this.bridge.shared) headers.push([headerNames.expectedLastId, this.before])
    const bytes = messageBytes(payload, headers)
    if (bytes > link.payloadBytesMax) {
      this.addSlot(id, 'poison', `${bytes} bytes are more than the server takes (max_payload ${link.payloadBytesMax})`)
      this.takeSettled()
      return
    }
    const number = this.addSlot(id, 'sent', '', bytes)
    link.publish(this.bridge.subject, payload, headers, `${this.inbox}.${this.round}.${number}`)
    this.before = messageId
  }

  private addSlot(id: string, outcome: Outcome, reason = '', bytes = 0): number {
    return this.window.add({ id, bytes, outcome, reason, deadlineMs: this.monotonicMs + ackMsMax })
  }

  // Answers.

  private answered(message: Msg): void {
    const [round, number] = message.subject.slice(this.inbox.length + 1).split('.')
    if (Number(round) !== this.round) return
    const [outcome, reason] = outcomeOf(message)
    if (!this.window.settle(Number(number), outcome, reason)) return
    if (outcome === 'stored') {
      this.counts[reason === 'duplicate' ? 'duplicates' : 'published']++
      this.conflicts = 0
      this.backoff.reset()
      this.problem = ''
    } else if (this.phase === 'flowing') {
      this.phase = 'settling'
      this.settleMs = this.monotonicMs + ackMsMax
    }
    this.pump()
    if (this.phase === 'settling' && this.window.open === 0) this.goAgain()
  }

  /** Takes what is settled from the window's beginning. Throws ReplyError. */
  private takeSettled(): void {
    const { window } = this
    for (let slot = window.peek(); slot !== undefined; slot = window.peek()) {
      if (slot.outcome === 'sent' || slot.outcome === 'refused') return
      window.shift()
      if (slot.outcome === 'poison') this.bury(slot.id, slot.reason)
      else this.cursor.advance(slot.id)
    }
  }

  /** All is answered, or long enough waited for, and something was refused: what was not stored goes again. */
  private goAgain(): void {
    if (!this.around.state.ready) return
    const head = this.window.peek()
    if (head === undefined) return this.begin()
    const overtook = this.window.tally('stored')
    if (overtook > 0) {
      this.counts.overtaken += overtook
      this.report(`${overtook} messages overtook ${head.id}, which was refused: ${head.reason}`)
    }
    this.counts.retries++
    if (head.outcome === 'sent') return this.begin()
    if (!head.reason.startsWith('wrong last msg ID')) return this.pauseFor(head.reason)
    this.conflicts++
    if (this.conflicts <= conflictsMax) this.begin()
    else this.pauseFor('others write to the JetStream stream: SHARED allows that')
  }

  /** Puts an entry that can't be sent aside. Throws ReplyError. */
  private bury(id: string, reason: string): void {
    const { state } = this.around
    const { db, key, name, subject, deadLetter: dead } = this.bridge
    const fields = entryOf(state, db, key, id)?.fields ?? []
    state.inner.atomically(() => {
      deadLetter(state, db, dead, { bridge: name, reason, source: valueOf(key), id, subject }, fields)
      this.cursor.advance(id)
      this.cursor.persist(this.unsent)
    })
    this.counts.dead++
    this.report(`entry ${id} is put aside: ${reason}`)
  }
}
