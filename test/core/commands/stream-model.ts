// A stream with groups as plain JavaScript: ids are [ms, seq] of bigints, everything is an array or a Map.

export type Id = readonly [bigint, bigint]
export type Pending = { consumer: string; delivered: number; count: number }
export type Group = { last: Id; consumers: Set<string>; pending: Map<string, Pending> }

export const text = (id: Id): string => `${id[0]}-${id[1]}`
export const parse = (t: string): Id => t.split('-').map(BigInt) as unknown as Id
const sign = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)
export const compare = (a: Id, b: Id): number => sign(a[0], b[0]) || sign(a[1], b[1])

export class StreamModel {
  entries: { id: Id; words: string[] }[] = []
  last: Id = [0n, 0n]
  added = 0
  groups = new Map<string, Group>()

  add(id: Id, words: string[]): boolean {
    if (compare(id, this.last) <= 0) return false
    this.entries.push({ id, words })
    this.last = id
    this.added++
    return true
  }

  delete(ids: Id[]): number {
    const before = this.entries.length
    this.entries = this.entries.filter((e) => !ids.some((id) => compare(id, e.id) === 0))
    return before - this.entries.length
  }

  trimToLength(length: number): number {
    return this.entries.splice(0, Math.max(0, this.entries.length - length)).length
  }

  trimBelow(id: Id): number {
    const kept = this.entries.filter((e) => compare(e.id, id) >= 0)
    const removed = this.entries.length - kept.length
    this.entries = kept
    return removed
  }

  /** XREADGROUP `>`: returns the ids delivered. */
  deliver(name: string, consumer: string, count: number, now: number): string[] {
    const group = this.groups.get(name)!
    group.consumers.add(consumer)
    const fresh = this.entries.filter((e) => compare(e.id, group.last) > 0).slice(0, count)
    for (const entry of fresh) {
      group.last = entry.id
      group.pending.set(text(entry.id), { consumer, delivered: now, count: 1 })
    }
    return fresh.map((e) => text(e.id))
  }

  has(id: string): boolean {
    return this.entries.some((e) => text(e.id) === id)
  }

  /** XCLAIM without FORCE: returns the ids claimed. */
  claim(name: string, consumer: string, minIdle: number, ids: string[], now: number): string[] {
    const group = this.groups.get(name)!
    group.consumers.add(consumer)
    return ids.filter((id) => {
      const pending = group.pending.get(id)
      if (pending === undefined) return false
      if (!this.has(id)) {
        group.pending.delete(id)
        return false
      }
      if (now - pending.delivered < minIdle) return false
      group.pending.set(id, { consumer, delivered: now, count: pending.count + 1 })
      return true
    })
  }

  pendingIds(name: string): string[] {
    return [...this.groups.get(name)!.pending.keys()].toSorted((a, b) => compare(parse(a), parse(b)))
  }
}
