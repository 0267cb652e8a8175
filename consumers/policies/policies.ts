// Group policies, delayed entries and schedules at work: what is to be done at its time is done by this extension, as
// logged effects of plain commands. On a replica nothing is done; it goes on where the master was once the replica is
// promoted.

import type { Broker } from '../../broker/broker.ts'
import type { Attachment, Extension } from '../../broker/extension.ts'
import { brokerGates } from '../../broker/gates.ts'
import { timerMsMax } from '../../broker/limits.ts'
import { firstDue, runDue } from './due.ts'
import { policyMetrics } from './metrics.ts'
import { nextPlanned, runPlanned } from './planned-streams.ts'
import { scheduleCommands } from './schedule-commands.ts'
import { sceneOf } from './scenes.ts'
import type { Scene } from './writer.ts'

const heldGates =
  brokerGates.loading | brokerGates.failing | brokerGates.busy | brokerGates.unsaved | brokerGates.replica

export const policies: Extension = {
  name: 'policies',
  commands: scheduleCommands,
  attach: (broker) => new PolicyTimer(broker).attachment(),
}

class PolicyTimer {
  private readonly broker: Broker
  private readonly scene: Scene
  private timer: NodeJS.Timeout | undefined
  /** Unix ms that the timer waits for, Infinity for none. */
  private atMs: number
  private serving: boolean
  /** Unix ms until which nothing that is due is tried: it was refused. */
  private refusedUntilMs: number

  constructor(broker: Broker) {
    this.broker = broker
    this.scene = sceneOf(broker)
    this.timer = undefined
    this.atMs = Infinity
    this.serving = false
    this.refusedUntilMs = 0
  }

  attachment(): Attachment {
    return {
      started: () => this.start(),
      turnEnded: () => this.arm(),
      tick: () => this.tick(),
      stopping: async () => this.stop(),
      info: [{ name: 'policies', title: 'Policies', lines: () => this.lines() }],
      metrics: () => policyMetrics(this.scene),
    }
  }

  private start(): void {
    this.serving = true
    this.scene.aliveSinceMs = this.broker.engine.clock.nowMs()
    this.lookUp()
    this.arm()
  }

  private stop(): void {
    this.serving = false
    clearTimeout(this.timer)
  }

  /** What was held up goes on when nothing holds it any more. */
  private tick(): void {
    const { broker, scene } = this
    if ((broker.gates & brokerGates.replica) !== 0) scene.aliveSinceMs = broker.engine.clock.nowMs()
    if (!this.serving) return
    this.lookUp()
    if (this.next() <= broker.engine.clock.nowMs()) this.run()
  }

  /** What is due may have come from elsewhere: a file, a master, a client that wrote it there. */
  private lookUp(): void {
    const { engine } = this.broker
    if (!this.broker.loading.active) engine.dueMs = Math.max(firstDue(engine), this.refusedUntilMs)
  }

  private next(): number {
    const { engine } = this.broker
    return Math.min(nextPlanned(engine.dbs), engine.dueMs)
  }

  private arm(): void {
    const next = this.next()
    if (next === this.atMs) return
    clearTimeout(this.timer)
    this.atMs = next
    if (next === Infinity || !this.serving) return
    const ms = Math.max(1, Math.min(next - this.broker.engine.clock.nowMs(), timerMsMax))
    this.timer = setTimeout(() => this.run(), ms)
  }

  private run(): void {
    const { broker } = this
    if (!this.serving || (broker.gates & heldGates) !== 0 || broker.pause.active || broker.engine.grouped) return
    this.atMs = Infinity
    broker.openTurn()
    runPlanned(this.scene)
    const { engine } = broker
    if (engine.dueMs <= engine.now) {
      const again = runDue(this.scene)
      const first = firstDue(engine)
      this.refusedUntilMs = first < again ? again : 0
      engine.dueMs = again
    }
    if (broker.blocking.pending) broker.serveBlocked()
  }

  private lines(): [string, number][] {
    const { deeds } = this.scene
    const planned = this.broker.engine.dbs.reduce((sum, db) => sum + db.plannedStreams.count, 0)
    return [
      ['planned_streams', planned], ['dead_letters', deeds.deadLetters], ['reaped_consumers', deeds.reapedConsumers],
      ['released_entries', deeds.releasedEntries], ['due_items', deeds.dueItems], ['policy_failures', deeds.failures],
    ]
  }
}
