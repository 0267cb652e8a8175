// What a worker does beside its jobs, by one timer: renews leases, takes what is due and what crashed workers left,
// sweeps what nobody needs any more.

import type { Delivery } from './delivery.ts'
import type { Group } from './group.ts'
import { dueMsMax, reclaimMsMax, renewalsPerLease, scriptJobsMax, sweepMs, tickMs } from './limits.ts'

/** What the upkeep needs of its worker. */
export type UpkeepHost = {
  /** How many jobs it could take now. */
  room(): number
  /** Ids of all jobs it holds. */
  heldIds(): string[]
  /** It holds these no longer. */
  lost(ids: readonly string[]): void
  accept(deliveries: readonly Delivery[]): Promise<void>
  ticked(nowMs: number): void
  refused(error: unknown): void
}

/** `work` resolves with when it is to be done again (ms of performance.now()). */
type Task = { work: () => Promise<number>, dueMs: number, busy: boolean }

export class Upkeep {
  private readonly group: Group
  private readonly leaseMs: number
  private readonly host: UpkeepHost
  private readonly tasks: readonly Task[]
  private readonly scheduled: Task
  private cursor: string
  private timer: NodeJS.Timeout | undefined
  /** The renewal that is under way, or the last one. */
  private renewing: Promise<void>

  constructor(group: Group, leaseMs: number, host: UpkeepHost) {
    this.group = group
    this.leaseMs = leaseMs
    this.host = host
    this.cursor = '0-0'
    this.timer = undefined
    this.renewing = Promise.resolve()
    const now = performance.now()
    const intervalMs = leaseMs / renewalsPerLease
    const renewal = { work: () => this.renew(), dueMs: now + intervalMs, busy: false }
    const reclaiming = { work: () => this.reclaim(), dueMs: now, busy: false }
    const sweep = { work: () => this.sweep(), dueMs: now + Math.random() * sweepMs, busy: false }
    this.scheduled = { work: () => this.due(), dueMs: now, busy: false }
    this.tasks = [renewal, reclaiming, sweep, this.scheduled]
  }

  start(): void {
    this.timer = setInterval(() => this.tick(), tickMs)
  }

  /** Renewals go on until then. */
  stop(): void {
    clearInterval(this.timer)
  }

  /** Something of ours is due in `delayMs`. */
  expect(delayMs: number): void {
    this.scheduled.dueMs = Math.min(this.scheduled.dueMs, performance.now() + delayMs)
  }

  private tick(): void {
    const now = performance.now()
    for (const task of this.tasks) if (!task.busy && now >= task.dueMs) void this.perform(task)
    this.host.ticked(now)
  }

  private async perform(task: Task): Promise<void> {
    task.busy = true
    task.dueMs = Infinity
    try {
      const next = await task.work()
      // Something may have been expected meanwhile.
      task.dueMs = Math.min(task.dueMs, next)
    } catch (error) {
      this.host.refused(error)
      task.dueMs = performance.now() + dueMsMax
    }
    task.busy = false
  }

  private renew(): Promise<number> {
    const renewal = this.renewHeld()
    this.renewing = renewal.then(() => {}, () => {})
    return renewal
  }

  private async renewHeld(): Promise<number> {
    const next = performance.now() + this.leaseMs / renewalsPerLease
    const ids = this.host.heldIds()
    for (let from = 0; from < ids.length; from += scriptJobsMax) {
      const lost = await this.group.renew(ids.slice(from, from + scriptJobsMax))
      if (lost.length > 0) this.host.lost(lost)
    }
    return next
  }

  private async due(): Promise<number> {
    const { waitMs, deliveries } = await this.group.due(Math.max(this.host.room(), 0))
    const wait = waitMs < 0 ? dueMsMax : Math.min(waitMs, dueMsMax)
    const next = performance.now() + wait
    if (deliveries.length > 0) await this.host.accept(deliveries)
    return next
  }

  private async reclaim(): Promise<number> {
    // Who was stopped for a lease's time would find what it holds itself, and count deliveries that were none.
    await this.renewing
    const room = this.host.room()
    if (room > 0) {
      const { cursor, deliveries } = await this.group.reclaim(this.leaseMs, this.cursor, room)
      this.cursor = cursor
      if (deliveries.length > 0) await this.host.accept(deliveries)
    }
    const all = this.cursor === '0-0' && room > 0
    // Workers that started together don't look at the same moments.
    const intervalMs = Math.min(this.leaseMs / renewalsPerLease, reclaimMsMax) * (0.75 + Math.random() / 2)
    return performance.now() + (all ? intervalMs : tickMs)
  }

  private async sweep(): Promise<number> {
    await this.group.sweep()
    return performance.now() + sweepMs
  }
}
