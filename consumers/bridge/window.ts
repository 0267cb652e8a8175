// The publishes that JetStream has not acknowledged yet, in order. Acknowledgements may come in any order; what leaves
// the window leaves it from its beginning.

/**
 * `sent`: no word of it yet. `stored`: JetStream has it. `skipped`: it was not to be sent. `poison`: it will never be
 * taken. `refused`: not now.
 */
export type Outcome = 'sent' | 'stored' | 'skipped' | 'poison' | 'refused'

export type Slot = { id: string, bytes: number, outcome: Outcome, reason: string, deadlineMs: number }

export class Window {
  bytes: number
  private slots: Slot[]
  private head: number
  /** Number of the slot at `head`. */
  private first: number
  private unanswered: number

  constructor() {
    this.bytes = 0
    this.slots = []
    this.head = 0
    this.first = 0
    this.unanswered = 0
  }

  get count(): number {
    return this.slots.length - this.head
  }

  /** Slots of which nothing is known yet. */
  get open(): number {
    return this.unanswered
  }

  /** Adds a slot; returns its number. */
  add(slot: Slot): number {
    this.slots.push(slot)
    this.bytes += slot.bytes
    if (slot.outcome === 'sent') this.unanswered++
    return this.first + this.count - 1
  }

  /** Notes what became of slot `number`; false when it isn't waited for any more. */
  settle(number: number, outcome: Outcome, reason: string): boolean {
    const slot = this.slots[this.head + number - this.first]
    if (slot === undefined || number < this.first || slot.outcome !== 'sent') return false
    slot.outcome = outcome
    slot.reason = reason
    this.unanswered--
    return true
  }

  /** The oldest slot. */
  peek(): Slot | undefined {
    return this.slots[this.head]
  }

  /** Removes the oldest slot. */
  shift(): void {
    const slot = this.slots[this.head]!
    this.bytes -= slot.bytes
    if (slot.outcome === 'sent') this.unanswered--
    this.head++
    this.first++
    if (this.head < 1024 || this.head * 2 < this.slots.length) return
    this.slots = this.slots.slice(this.head)
    this.head = 0
  }

  /** How many slots hold this outcome. */
  tally(outcome: Outcome): number {
    let count = 0
    for (let i = this.head; i < this.slots.length; i++) if (this.slots[i]!.outcome === outcome) count++
    return count
  }

  /** Forgets all slots; their numbers are never used again. */
  clear(): void {
    this.first += this.count
    this.slots = []
    this.head = 0
    this.bytes = 0
    this.unanswered = 0
  }
}
