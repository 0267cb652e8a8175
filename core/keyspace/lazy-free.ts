// Frees large values a slice at a time (UNLINK, FLUSHALL ASYNC), so that no turn of the event loop waits for them.
// What is queued is reachable by no key any more; until it is freed it still counts as used memory.

import type { Arena } from '../arena/arena.ts'
import type { Dict } from '../arena/dict.ts'
import type { Engine } from '../engine.ts'
import { lazyFreeEntriesMax } from '../limits.ts'
import { freeValue, opsOf } from '../types/types.ts'
import { formOf, rootOf, typeOf, types } from './entry.ts'
import type { Form, Type } from './entry.ts'

type Value = { type: Type; root: number; form: Form }
type Garbage = Value | Dict

export class LazyFree {
  /** Values freed so far, as INFO's `lazyfreed_objects` counts them. */
  freed: number
  private readonly engine: Engine
  private readonly arena: Arena
  private readonly queue: Garbage[]

  constructor(engine: Engine) {
    this.freed = 0
    this.engine = engine
    this.arena = engine.arena
    this.queue = []
  }

  /** Values that still wait: INFO's `lazyfree_pending_objects`. */
  get pending(): number {
    let pending = 0
    for (const garbage of this.queue) pending += 'type' in garbage ? 1 : garbage.count
    return pending
  }

  get idle(): boolean {
    return this.queue.length === 0
  }

  addValue(type: Type, root: number, form: Form): void {
    this.queue.push({ type, root, form })
  }

  /** Takes over a whole database. */
  addDict(dict: Dict): void {
    this.queue.push(dict)
  }

  /** Frees until the monotonic clock passes `until`; true when nothing is left. */
  step(until: number): boolean {
    for (;;) {
      const garbage = this.queue[0]
      if (garbage === undefined) return true
      const done = 'type' in garbage ? this.stepValue(garbage) : this.stepDict(garbage)
      if (done) this.queue.shift()
      if (this.engine.clock.monotonicMs() >= until) return this.queue.length === 0
    }
  }

  /** Frees everything that waits. */
  drain(): void {
    this.step(Infinity)
  }

  private stepValue(garbage: Value): boolean {
    const { freeSome } = opsOf(garbage.type)
    if (freeSome === undefined) freeValue(this.engine, garbage.type, garbage.root, garbage.form)
    else {
      garbage.root = freeSome(this.engine, garbage.root, lazyFreeEntriesMax, garbage.form)
      if (garbage.root !== 0) return false
    }
    this.freed++
    return true
  }

  private stepDict(dict: Dict): boolean {
    return dict.destroySome(lazyFreeEntriesMax, (entry) => {
      const type = typeOf(this.arena, entry)
      if (type === types.string) this.freed++
      else this.addValue(type, rootOf(this.arena, entry), formOf(this.arena, entry))
      this.arena.free(entry)
    })
  }
}
