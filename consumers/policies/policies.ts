// Group policies at work: what they have to be done at its time is done by this extension, as logged effects of plain
// commands. On a replica nothing is done; it goes on where the master was once the replica is promoted.

import type { Broker } from '../../broker/broker.ts'
import type { Attachment, Extension } from '../../broker/extension.ts'
import { brokerGates } from '../../broker/gates.ts'
import { InnerClient } from '../../broker/inner-client.ts'
import { timerMsMax } from '../../broker/limits.ts'
import { nextPlanned, runPlanned } from './planned-streams.ts'
import type { Scene } from './writer.ts'

const heldGates =
  brokerGates.loading | brokerGates.failing | brokerGates.busy | brokerGates.unsaved | brokerGates.replica

export const policies: Extension = {
  name: 'policies',
  attach: (broker) => new PolicyTimer(broker).attachment(),
}

class PolicyTimer {
  private readonly broker: Broker
  private readonly scene: Scene
  private timer: NodeJS.Timeout | undefined
  /** Unix ms that the timer waits for, Infinity for none. */
  private atMs: number
  private serving: boolean

  constructor(broker: Broker) {
    this.broker = broker
    this.scene = {
      engine: broker.engine,
      writer: new InnerClient(broker, 'policies'),
      deeds: { deadLetters: 0, reapedConsumers: 0, releasedEntries: 0, failures: 0 },
      aliveSinceMs: 0,
      report: (text) => broker.report('warning', text),
    }
    this.timer = undefined
    this.atMs = Infinity
    this.serving = false
  }

  attachment(): Attachment {
    return {
      started: () => this.start(),
      turnEnded: () => this.arm(),
      tick: () => this.tick(),
      stopping: async () => this.stop(),
      info: [{ name: 'policies', title: 'Policies', lines: () => this.lines() }],
    }
  }

  private start(): void {
    this.serving = true
    this.scene.aliveSinceMs = this.broker.engine.clock.nowMs()
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
    if (nextPlanned(broker.engine.dbs) <= broker.engine.clock.nowMs()) this.run()
  }

  private arm(): void {
    const next = nextPlanned(this.broker.engine.dbs)
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
    if (broker.blocking.pending) broker.serveBlocked()
  }

  private lines(): [string, number][] {
    const { deeds } = this.scene
    const planned = this.broker.engine.dbs.reduce((sum, db) => sum + db.plannedStreams.count, 0)
    return [
      ['planned_streams', planned], ['dead_letters', deeds.deadLetters], ['reaped_consumers', deeds.reapedConsumers],
      ['released_entries', deeds.releasedEntries], ['policy_failures', deeds.failures],
    ]
  }
}
