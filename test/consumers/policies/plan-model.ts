// A group with a policy as plain objects: what is due is looked for among all that is pending, each time.
import { isDeepStrictEqual } from 'node:util'
import type { Policy } from '../../../core/types/stream-policy.ts'

export type ModelEntry = { n: number, key: string | undefined, gone: boolean }
type Pending = {
  n: number, owner: string | undefined, delivered: number, deliveries: number, key: string | undefined
  due: number, own: boolean, last: string, error: string
}
export type DeadLetter = { n: number, consumer: string, deliveries: string, reason: string, error: string }

const fatal = 0xffffffff

export class PlanModel {
  entries: ModelEntry[] = []
  pending = new Map<number, Pending>()
  cursor = 0
  dead: DeadLetter[] = []
  policy: Policy | undefined

  add(n: number, key: string | undefined): void {
    this.entries.push({ n, key, gone: false })
  }

  delete(n: number): void {
    const entry = this.entries.find((e) => e.n === n)
    if (entry !== undefined) entry.gone = true
  }

  /** The policy that it has already changes nothing: what was deleted keeps the key that it was held for. */
  setPolicy(policy: Policy | undefined): void {
    if (isDeepStrictEqual(this.policy, policy)) return
    const had = this.policy !== undefined
    this.policy = policy
    for (const p of this.pending.values()) {
      p.key = this.keyOf(p.n)
      if (!had || policy === undefined) Object.assign(p, { own: false, last: '', error: '' })
      if (policy === undefined || p.own) continue
      if (p.owner === undefined) p.due = 0
      else this.lease(p)
    }
  }

  private keyOf(n: number): string | undefined {
    const entry = this.entries.find((e) => e.n === n && !e.gone)
    return this.policy?.ordered === undefined ? undefined : entry?.key
  }

  isSpent(p: Pending): boolean {
    const most = this.policy?.deliveriesMax ?? 0
    return p.deliveries === fatal || (most > 0 && p.deliveries >= most)
  }

  private rest(p: Pending): number {
    const { backoffMs = 0, backoffMaxMs = 0, backoffFactor = 1 } = this.policy ?? {}
    if (this.isSpent(p) || p.deliveries === 0 || backoffMs === 0) return 0
    let ms = backoffMs
    for (let i = 1; i < p.deliveries && ms < backoffMaxMs; i++) ms *= backoffFactor
    return Math.floor(Math.min(ms, backoffMaxMs))
  }

  private lease(p: Pending): void {
    const leaseMs = this.policy?.leaseMs ?? 0
    Object.assign(p, { own: false, last: '', error: '', due: leaseMs === 0 ? Infinity : p.delivered + leaseMs + this.rest(p) })
  }

  isHeld(p: Pending): boolean {
    return p.key !== undefined && this.all().some((other) => other.key === p.key && other.n < p.n)
  }

  all(): Pending[] {
    return [...this.pending.values()].toSorted((a, b) => a.n - b.n)
  }

  private first(spent: boolean, now: number): Pending | undefined {
    return this.all().filter((p) => p.due <= now && this.isSpent(p) === spent && !this.isHeld(p))
      .toSorted((a, b) => a.due - b.due || a.n - b.n)[0]
  }

  private isGone(n: number): boolean {
    return this.entries.find((e) => e.n === n)!.gone
  }

  /** Numbers of the delivered entries, in order. */
  read(consumer: string, count: number, now: number, noAck: boolean): number[] {
    const given: number[] = []
    for (let p = this.first(false, now); p !== undefined && given.length < count; p = this.first(false, now)) {
      if (this.isGone(p.n)) {
        this.pending.delete(p.n)
        continue
      }
      Object.assign(p, { owner: consumer, delivered: now, deliveries: p.deliveries + 1 })
      this.lease(p)
      given.push(p.n)
    }
    for (const { n, gone } of this.entries) {
      if (gone || n <= this.cursor) continue
      if (given.length >= count) break
      this.cursor = n
      const key = this.keyOf(n)
      const p: Pending = { n, key, owner: consumer, delivered: now, deliveries: 1, due: Infinity, own: false, last: '', error: '' }
      if (key !== undefined && this.all().some((other) => other.key === key)) {
        this.pending.set(n, { ...p, owner: undefined, delivered: 0, deliveries: 0, due: 0 })
        continue
      }
      given.push(n)
      if (noAck) continue
      this.pending.set(n, p)
      this.lease(p)
    }
    return given
  }

  ack(n: number): boolean {
    return this.pending.delete(n)
  }

  nack(n: number, mode: 'SILENT' | 'FAIL' | 'FATAL', error: string | undefined, now: number): boolean {
    const p = this.pending.get(n)
    if (p === undefined) return false
    if (this.isGone(n)) {
      this.pending.delete(n)
      return false
    }
    if (this.policy !== undefined) {
      if (p.owner !== undefined) Object.assign(p, { last: p.owner, error: error ?? '' })
      else if (error !== undefined && error !== '' && p.last !== '') p.error = error
    }
    if (mode === 'FATAL') p.deliveries = fatal
    else if (mode === 'SILENT' && p.deliveries > 0 && p.deliveries < fatal) p.deliveries--
    Object.assign(p, { owner: undefined, delivered: 0 })
    const rest = this.rest(p)
    Object.assign(p, { due: rest === 0 ? 0 : now + rest, own: rest !== 0 })
    return true
  }

  extend(n: number, consumer: string, ms: number, now: number): boolean {
    const p = this.pending.get(n)
    if (p === undefined || p.owner !== consumer || this.isGone(n)) return false
    p.delivered = now + ms - this.policy!.leaseMs
    this.lease(p)
    return true
  }

  bury(now: number): void {
    if (this.policy?.deadLetter === undefined) return
    for (let p = this.first(true, now); p !== undefined; p = this.first(true, now)) {
      this.pending.delete(p.n)
      if (this.isGone(p.n)) continue
      this.dead.push({
        n: p.n, consumer: p.owner ?? p.last, deliveries: p.deliveries === fatal ? '9223372036854775807' : String(p.deliveries),
        reason: p.deliveries === fatal ? 'fatal' : p.last === '' ? 'lease-ended' : 'released', error: p.error,
      })
    }
  }

  /** From which number on trimming leaves all. */
  keptFrom(): number {
    return this.policy?.keepsUnacked === true ? this.all()[0]?.n ?? this.cursor + 1 : Infinity
  }
}
