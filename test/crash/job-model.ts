// What the producers and consumers were told, and what follows from it. A command whose reply was
// lost may or may not have happened; the model allows exactly these two outcomes and no others.
import { createHash } from 'node:crypto'

/** One job as its producer knows it: sent once, never again. */
export type Job = { producer: number, number: number, digest: string }
export type Entry = { id: string, fields: readonly string[] }

export function digestOf(body: string): string {
  return createHash('sha1').update(body).digest('hex')
}

export class JobModel {
  /** All jobs sent, by `producer:number`, with the id that was acknowledged, if one was. */
  readonly sent = new Map<string, { digest: string, id: string | null }>()
  /** Ids whose XACK was answered with 1, and when (in ms of this process). */
  readonly acked = new Map<string, number>()
  /** Ids whose XACK was sent without an answer. */
  readonly ackUnknown = new Set<string>()
  /** Deliveries that reached a consumer, by id. */
  readonly deliveries = new Map<string, number>()
  /** Every broken promise, as a sentence. */
  readonly broken: string[] = []
  #freshlyDelivered = new Set<string>()

  sending(job: Job): void {
    this.sent.set(`${job.producer}:${job.number}`, { digest: job.digest, id: null })
  }

  added(job: Job, id: string): void {
    this.sent.get(`${job.producer}:${job.number}`)!.id = id
  }

  /** `>` must never hand out an entry twice: its delivery was logged before the reply left. */
  deliveredNew(entry: Entry): void {
    if (this.#freshlyDelivered.has(entry.id)) this.broken.push(`${entry.id} delivered twice as new`)
    this.#freshlyDelivered.add(entry.id)
    this.#count(entry.id)
  }

  /** An entry claimed by a command sent at `sentAt` must not have been acknowledged before. */
  claimed(entry: Entry, sentAt: number): void {
    const ackedAt = this.acked.get(entry.id)
    if (ackedAt !== undefined && ackedAt < sentAt) {
      this.broken.push(`${entry.id} claimed after its XACK`)
    }
    this.#count(entry.id)
  }

  #count(id: string): void {
    this.deliveries.set(id, (this.deliveries.get(id) ?? 0) + 1)
  }

  ackAnswered(id: string, reply: number, at: number): void {
    if (reply === 1) {
      if (this.acked.has(id)) this.broken.push(`${id} acknowledged twice`)
      this.acked.set(id, at)
    } else if (!this.acked.has(id)) {
      // Somebody else's XACK was first, and its own answer is on its way or was lost.
      this.ackUnknown.add(id)
    }
  }

  /** The stream must hold every acknowledged job once, in order, and nothing that was not sent. */
  checkStream(entries: readonly Entry[]): void {
    const present = new Map<string, string>()
    const lastNumber = new Map<string, number>()
    const promise = (kept: boolean, sentence: string): void => {
      if (!kept) this.broken.push(sentence)
    }
    let lastId = '0-0'
    for (const { id, fields } of entries) {
      const [, producer, , number, , body] = fields
      const name = `${producer}:${number}`
      const sent = this.sent.get(name)
      promise(isAfter(id, lastId), `${id} comes after ${lastId}`)
      promise(sent !== undefined, `${id} holds job ${name}, which was never sent`)
      promise(sent?.digest === digestOf(body ?? ''), `${id} holds a changed job ${name}`)
      promise(!sent?.id || sent.id === id, `job ${name} was acknowledged as ${sent?.id}, not ${id}`)
      promise(!present.has(name), `job ${name} is there twice: ${present.get(name)} and ${id}`)
      promise(Number(number) > (lastNumber.get(producer!) ?? -1), `job ${name} is out of order`)
      present.set(name, id)
      lastNumber.set(producer!, Number(number))
      lastId = id
    }
    for (const [name, { id }] of this.sent) {
      promise(id === null || present.has(name), `acknowledged job ${name} (${id}) is gone`)
    }
  }

  /**
   * The pending list must hold exactly what was delivered and not acknowledged; where an XACK's
   * answer was lost either is right. `unanswered` deliveries may be counted on top of the known.
   */
  checkPending(
    entries: readonly Entry[], pending: ReadonlyMap<string, number>, unanswered: number,
  ): void {
    const known = new Set(entries.map((entry) => entry.id))
    let extra = 0
    for (const [id, count] of pending) {
      if (!known.has(id)) this.broken.push(`${id} is pending but not in the stream`)
      if (this.acked.has(id)) this.broken.push(`${id} is pending again after its XACK`)
      const told = this.deliveries.get(id) ?? 0
      if (count < told) this.broken.push(`${id} was delivered ${told} times, counted ${count}`)
      extra += Math.max(0, count - told)
    }
    if (extra > unanswered) {
      this.broken.push(`${extra} deliveries counted that nobody asked for (at most ${unanswered})`)
    }
    for (const { id } of entries) {
      const settled = this.acked.has(id) || this.ackUnknown.has(id)
      if (!settled && !pending.has(id)) this.broken.push(`${id} has no XACK, yet isn't pending`)
    }
  }
}

function isAfter(id: string, other: string): boolean {
  const [ms, seq] = id.split('-').map(Number)
  const [otherMs, otherSeq] = other.split('-').map(Number)
  return ms! > otherMs! || (ms === otherMs && seq! > otherSeq!)
}
