// Who waits for a key, in the order in which they came: a linked list, so that joining and leaving cost the same
// however many wait.

import type { Parked } from './blocking.ts'

/** A parked client's place in the queue of one of its keys. Who left it still leads on to those behind. */
export type Place = {
  readonly parked: Parked
  readonly queue: WaitQueue
  next: Place | undefined
  prev: Place | undefined
}

export class WaitQueue {
  /** Database number and name of the key, and both as the name of the queue. */
  readonly db: number
  readonly key: Buffer
  readonly id: string
  first: Place | undefined
  last: Place | undefined
  /** Those who also want to know of what isn't there any more, or don't say what they wait for. */
  curious: number

  constructor(db: number, key: Buffer, id: string) {
    this.db = db
    this.key = key
    this.id = id
    this.first = undefined
    this.last = undefined
    this.curious = 0
  }

  /** True when somebody wants to know of the end of the key. */
  hears(): boolean {
    if (this.curious === 0) return false
    for (let place = this.first; place !== undefined; place = place.next) if (place.parked.wakeOnDelete) return true
    return false
  }

  join(parked: Parked): Place {
    const place: Place = { parked, queue: this, next: undefined, prev: this.last }
    if (this.last === undefined) this.first = place
    else this.last.next = place
    this.last = place
    if (isCurious(parked)) this.curious++
    return place
  }

  leave(place: Place): void {
    const { next, prev } = place
    if (prev === undefined) this.first = next
    else prev.next = next
    if (next === undefined) this.last = prev
    else next.prev = prev
    if (isCurious(place.parked)) this.curious--
  }
}

export function isCurious(parked: Parked): boolean {
  return parked.type === undefined || parked.wakeOnDelete
}
