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

import type { Lines } from '../../broker/commands/info-sections.ts'
import { ReplyError } from '../../broker/inner-client.ts'
import { createInbox } from 'nats'
import type { Msg } from 'nats'
import type { StreamOutBridge } from './definition.ts'
import { headerNames, toMessage, valueOf } from './fields.ts'
import { compareIds, isId, msOf } from './ids.ts'
import {
  ackMsMax, conflictsMax, inFlightBytesMax, readBytesMax, readEntriesMax, retryMsMax, retryMsMin,
} from './limits.ts'
import { ApiError, messageBytes } from './link.ts'
import { hasPassed, originsOf, streamHop } from './origins.ts'
import { Backoff } from './runner.ts'
import type { Runner, Surroundings } from './runner.ts'
import { deadLetter, entriesAfter, entryOf, isNewer, streamFacts } from './streams.ts'
import type { Entry, StreamFacts } from './streams.ts'
import { Window } from './window.ts'
import type { Outcome } from './window.ts'

type Phase = 'down' | 'aligning' | 'flowing' | 'settling' | 'waiting'
/** JetStream's errors that are about one message, not about the moment: too large, headers too large. */
const poisonCodes = new Set([10_054, 10_097])

export class StreamOut implements Runner {
  phase: Phase
  error: string
  private readonly around: Surroundings
  private readonly bridge: StreamOutBridge
  private readonly window: Window
  private readonly backoff: Backoff
  private cursor: string
  /** New when the stream was made anew: the same ids are other messages then. */
  private incarnation: string
  /** Entries that the stream ever got up to `readTo`; -1: not known yet. */
  private passed: number
  private dirty: boolean
  /** Entries that were read and not sent yet, from `at` on; they may leave when the log is safe up to `position`. */
  private held: { entries: Entry[], at: number, position: number }
  private readTo: string
  private seen: number
  private meanBytes: number
  /** Counts the beginnings: answers to earlier ones don't matter. */
  private round: number
  private inbox: string
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

  constructor(around: Surroundings, bridge: StreamOutBridge) {
    this.around = around
    this.bridge = bridge
    this.phase = 'down'
    this.error = ''
    this.window = new Window()
    this.backoff = new Backoff(retryMsMin, retryMsMax)
    this.cursor = '0-0'
    this.incarnation = ''
    this.passed = -1
    this.dirty = false
    this.held = { entries: [], at: 0, position: 0 }
    this.readTo = '0-0'
    this.seen = -1
    this.meanBytes = 1024
    this.round = 0
    this.inbox = ''
    this.stream = ''
    this.before = ''
    this.retryMs = 0
    this.settleMs = 0
    this.conflicts = 0
    this.counts = {
      published: 0, duplicates: 0, aligned: 0, retries: 0, dead: 0, missed: 0, overtaken: 0, looped: 0,
    }
    this.load()
  }

  connected(): void {
    this.inbox = createInbox()
    this.around.link.subscribe(`${this.inbox}.>`, (message) => this.answered(message))
    this.backoff.reset()
    this.begin()
  }

  disconnected(): void {
    this.halt('down')
    this.persist()
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
    else if (this.phase === 'settling' && monotonicMs > this.settleMs) this.resolve()
    else if (head?.outcome === 'sent' && monotonicMs > head.deadlineMs) {
      // Nobody knows what became of it: it goes again under its id, before anything behind it.
      this.counts.retries++
      this.begin()
    } else this.pump()
    if (this.dirty) this.persist()
  }

  stop(): void {
    this.halt('down')
    this.persist()
  }

  figures(): Lines {
    const { counts } = this
    const facts = this.facts()
    const waiting = this.firstUnsent()
    return [
      ['subject', this.bridge.subject], ['stream', this.stream], ['cursor', this.cursor],
      ['lag', this.lag(facts)], ['lag_ms', waiting === undefined ? 0 : Math.max(0, this.now - msOf(waiting))],
      ['in_flight', this.window.count], ['in_flight_bytes', this.window.bytes],
      ['published', counts.published], ['duplicates', counts.duplicates], ['aligned', counts.aligned],
      ['retries', counts.retries], ['dead_letters', counts.dead], ['missed', counts.missed],
      ['overtaken', counts.overtaken], ['looped', counts.looped],
    ]
  }

  // Where it stands.

  private load(): void {
    const { state } = this.around
    const kept = state.read(this.bridge.name)
    const facts = this.facts()
    const cursor = kept.get('cursor')
    this.cursor = cursor ?? (this.bridge.from === '$' ? facts?.lastId ?? '0-0' : this.bridge.from)
    this.incarnation = kept.get('incarnation') ?? state.token()
    this.passed = Number(kept.get('passed') ?? -1)
    this.readTo = this.cursor
    if (cursor === undefined) this.dirty = true
    this.persist()
  }

  /** Writes the cursor; what fails now is tried again. */
  private persist(): void {
    if (!this.dirty || !this.around.state.ready) return
    const unsent = this.window.count + this.heldCount
    try {
      this.around.state.write(this.bridge.name, {
        cursor: this.cursor, incarnation: this.incarnation,
        passed: this.passed < 0 ? -1 : Math.max(0, this.passed - unsent),
      })
      this.dirty = false
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      this.error = error.message
    }
  }

  private get now(): number {
    return this.around.broker.engine.clock.nowMs()
  }

  private get monotonicMs(): number {
    return this.around.broker.engine.clock.monotonicMs()
  }

  private get heldCount(): number {
    return this.held.entries.length - this.held.at
  }

  private facts(): StreamFacts | undefined {
    try {
      return streamFacts(this.around.state, this.bridge.db, this.bridge.key)
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      this.error = error.message
      return undefined
    }
  }

  private lag(facts: StreamFacts | undefined): number {
    if (facts === undefined) return 0
    const unsent = this.window.count + this.heldCount
    return this.passed < 0 ? facts.length : Math.max(0, facts.added - this.passed) + unsent
  }

  private firstUnsent(): string | undefined {
    const known = this.window.peek()?.id ?? this.held.entries[this.held.at]?.id
    if (known !== undefined || this.phase === 'flowing') return known
    try {
      return entriesAfter(this.around.state, this.bridge.db, this.bridge.key, this.cursor, 1)[0]?.id
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      return undefined
    }
  }

  // Beginnings.

  private halt(phase: Phase): void {
    this.phase = phase
    this.round++
    if (this.passed >= 0) this.passed = Math.max(0, this.passed - this.window.count - this.heldCount)
    this.window.clear()
    this.held = { entries: [], at: 0, position: 0 }
    this.readTo = this.cursor
    this.before = ''
  }

  private pauseFor(why: string): void {
    this.halt('waiting')
    this.retryMs = this.monotonicMs + this.backoff.wait()
    if (this.error === why) return
    this.error = why
    this.around.broker.report('warning', `bridge ${this.bridge.name}: ${why}`)
  }

  /** From the beginning: what JetStream has needs not be sent again. */
  private begin(): void {
    this.halt('aligning')
    const { round } = this
    this.align().then(() => {
      if (round !== this.round) return
      this.phase = 'flowing'
      this.pump()
    }, (error: Error) => {
      if (round === this.round) this.pauseFor(error.message)
    })
  }

  private async align(): Promise<void> {
    const { round } = this
    const stream = await this.findStream()
    const last = await this.lastId(stream)
    if (round !== this.round) return
    this.stream = stream
    if (last === undefined || compareIds(last, this.cursor) <= 0) return
    this.counts.aligned++
    this.advance(last)
    // How many entries that were is not known: the next time that all is read, it is.
    this.passed = -1
    this.readTo = last
  }

  private async findStream(): Promise<string> {
    const { link } = this.around
    const { subject, create } = this.bridge
    const { streams } = await link.api<{ streams: string[] | null }>('STREAM.NAMES', { subject })
    if (streams !== null && streams.length > 0) return streams[0]!
    if (create === undefined) throw new Error(`no JetStream stream takes the subject ${subject}`)
    await link.api(`STREAM.CREATE.${create}`, {
      name: create, subjects: [subject], retention: 'limits', storage: 'file', num_replicas: 1,
    })
    return create
  }

  /** The entry that JetStream's last message on the subject is, if it is one of this bridge. */
  private async lastId(stream: string): Promise<string | undefined> {
    try {
      const request = { last_by_subj: this.bridge.subject }
      const answer = await this.around.link.api<{ message: { hdrs?: string } }>(`STREAM.MSG.GET.${stream}`, request)
      const lines = Buffer.from(answer.message.hdrs ?? '', 'base64').toString('latin1').split('\r\n')
      const head = `${headerNames.messageId}: ${this.messageId('')}`
      const id = lines.find((line) => line.startsWith(head))?.slice(head.length)
      return id !== undefined && isId(id) ? id : undefined
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return undefined
      throw error
    }
  }

  private messageId(id: string): string {
    return `${this.around.origin}/${this.bridge.name}/${this.incarnation}/${id}`
  }

  // Sending.

  /** Sends as much as the window and the safety of the log allow. */
  private pump(): void {
    const { held, window } = this
    const { log } = this.around.broker.engine
    if (!this.around.state.ready) return
    try {
      while (this.phase === 'flowing' && window.count < this.bridge.inFlight && window.bytes < inFlightBytesMax) {
        if (held.at === held.entries.length && !this.readOn()) return
        if (log.safe < held.position) return
        this.send(held.entries[held.at++]!)
      }
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      this.pauseFor(error.message)
    }
  }

  /** Reads what comes next; false when there is nothing. Throws ReplyError. */
  private readOn(): boolean {
    const { state, broker } = this.around
    const { db, key } = this.bridge
    const room = Math.min(readEntriesMax, this.bridge.inFlight - this.window.count)
    const count = Math.max(1, Math.min(room, Math.floor(readBytesMax / this.meanBytes)))
    const entries = entriesAfter(state, db, key, this.readTo, count)
    if (entries.length === 0) {
      this.takeStock()
      return false
    }
    const { held } = this
    held.entries = entries
    held.at = 0
    held.position = broker.engine.log.appended
    this.readTo = entries.at(-1)!.id
    if (this.passed >= 0) this.passed += entries.length
    const bytes = entries.reduce((sum, { fields }) => sum + fields.reduce((all, field) => all + field.length, 0), 0)
    this.meanBytes = Math.max(1, bytes / entries.length)
    return true
  }

  /** All was read: what the stream got and nobody can read any more went by us. */
  private takeStock(): void {
    const facts = this.facts()
    if (facts === undefined) return
    if (isNewer(facts, this.readTo)) {
      this.around.broker.report('warning',
        `bridge ${this.bridge.name}: the stream was made anew: its entries are sent as new ones`)
      this.incarnation = this.around.state.token()
      this.advance('0-0')
      this.passed = 0
      this.begin()
      return
    }
    if (this.passed >= 0 && facts.added > this.passed) {
      const missed = facts.added - this.passed
      this.counts.missed += missed
      this.around.broker.report('warning',
        `bridge ${this.bridge.name}: ${missed} entries were removed from the stream before they could be sent`)
    }
    if (this.passed !== facts.added) this.dirty = true
    this.passed = facts.added
  }

  private send({ id, fields }: Entry): void {
    const slot = (outcome: Outcome, reason: string, bytes = 0): number => this.window.add({
      id, bytes, outcome, reason, deadlineMs: this.monotonicMs + ackMsMax,
    })
    const [origins, own] = originsOf(fields)
    if (hasPassed(origins, streamHop(this.stream))) {
      this.counts.looped++
      slot('skipped', '')
      this.takeSettled()
      return
    }
    const { headers, payload } = toMessage(own)
    const messageId = this.messageId(id)
    headers.push([headerNames.messageId, messageId], [headerNames.origin, [...origins, this.around.origin].join(',')])
    if (this.before !== '' && !this.bridge.shared) headers.push([headerNames.expectedLastId, this.before])
    const bytes = messageBytes(payload, headers)
    const { link } = this.around
    if (bytes > link.payloadBytesMax) {
      slot('poison', `${bytes} bytes are more than the server takes (max_payload ${link.payloadBytesMax})`)
      this.takeSettled()
      return
    }
    const number = slot('sent', '', bytes)
    link.publish(this.bridge.subject, payload, headers, `${this.inbox}.${this.round}.${number}`)
    this.before = messageId
  }

  // Answers.

  private answered(message: Msg): void {
    const [round, number] = message.subject.slice(this.inbox.length + 1).split('.')
    if (Number(round) !== this.round) return
    const [outcome, reason] = outcomeOf(message)
    if (outcome === 'stored') {
      if (!this.window.settle(Number(number), 'stored', '')) return
      this.counts[reason === 'duplicate' ? 'duplicates' : 'published']++
      this.conflicts = 0
      this.backoff.reset()
      this.error = ''
    } else if (this.window.settle(Number(number), outcome, reason) && this.phase === 'flowing') {
      this.phase = 'settling'
      this.settleMs = this.monotonicMs + ackMsMax
    }
    try {
      this.takeSettled()
    } catch (thrown) {
      if (!(thrown instanceof ReplyError)) throw thrown
      return this.pauseFor(thrown.message)
    }
    if (this.phase === 'settling' && this.window.open === 0) this.resolve()
    else this.pump()
  }

  /** Takes what is settled from the window's beginning. Throws ReplyError. */
  private takeSettled(): void {
    const { window } = this
    for (let slot = window.peek(); slot !== undefined; slot = window.peek()) {
      if (slot.outcome === 'sent' || slot.outcome === 'refused') return
      window.shift()
      if (slot.outcome === 'poison') this.bury(slot.id, slot.reason)
      else this.advance(slot.id)
    }
  }

  /** All is answered, and something was refused: it goes again. */
  private resolve(): void {
    const head = this.window.peek()
    if (head === undefined) return this.begin()
    const overtook = this.window.tally('stored')
    if (overtook > 0) {
      this.counts.overtaken += overtook
      this.around.broker.report('warning',
        `bridge ${this.bridge.name}: ${overtook} messages overtook ${head.id}, which was refused: ${head.reason}`)
    }
    this.counts.retries++
    if (!head.reason.startsWith('wrong last msg ID')) return this.pauseFor(head.reason)
    this.conflicts++
    if (this.conflicts <= conflictsMax) this.begin()
    else this.pauseFor('others write to the JetStream stream: SHARED allows that')
  }

  /** Puts an entry that can't be sent aside. Throws ReplyError. */
  private bury(id: string, reason: string): void {
    const { state, broker } = this.around
    const { db, key, name, subject } = this.bridge
    const fields = entryOf(state, db, key, id)?.fields ?? []
    const provenance = { bridge: name, reason, source: valueOf(key), id, subject }
    state.inner.atomically(() => {
      deadLetter(state, db, this.bridge.deadLetter, provenance, fields)
      this.advance(id)
      this.persist()
    })
    this.counts.dead++
    broker.report('warning', `bridge ${name}: entry ${id} is put aside: ${reason}`)
  }

  private advance(id: string): void {
    this.cursor = id
    this.dirty = true
  }
}

/** What JetStream answered; of what is stored, `duplicate` where it was before. */
function outcomeOf(message: Msg): [outcome: Outcome, reason: string] {
  const code = message.headers?.code ?? 0
  if (code === 503) return ['refused', 'no JetStream stream takes the subject']
  const text = message.string()
  const answer = JSON.parse(text) as {
    duplicate?: boolean, error?: { code: number, err_code: number, description: string }
  }
  if (answer.error === undefined) return ['stored', answer.duplicate === true ? 'duplicate' : '']
  const { err_code: errCode, description } = answer.error
  return [poisonCodes.has(errCode) ? 'poison' : 'refused', description]
}
