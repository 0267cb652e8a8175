// What happens to keys, on subjects: `<prefix>.<db>.<event>.<key>` with the key as payload, as keyspace notifications
// are on channels, but whatever notify-keyspace-events says. Keys of the bridges themselves are left out.

import { globMatch } from '../../core/keyspace/glob.ts'
import type { Lines } from '../../broker/commands/info-sections.ts'
import type { EventsBridge } from './definition.ts'
import { Departures } from './departures.ts'
import { headerNames } from './fields.ts'
import { toSubject } from './names.ts'
import type { Runner, Surroundings } from './runner.ts'
import { keyPrefix } from './state.ts'

export class EventsRunner implements Runner {
  phase: string
  error: string
  private readonly around: Surroundings
  private readonly bridge: EventsBridge
  private readonly departures: Departures
  private readonly untap: () => void

  constructor(around: Surroundings, bridge: EventsBridge) {
    this.around = around
    this.bridge = bridge
    this.phase = 'down'
    this.error = ''
    this.departures = new Departures(around)
    this.untap = around.broker.events.tap((...event) => this.leave(...event))
  }

  connected(): void {
    this.phase = 'flowing'
    this.error = ''
  }

  disconnected(): void {
    this.phase = 'down'
    this.departures.clear()
  }

  refused(operation: string, subject: string): void {
    if (subject.startsWith(`${this.bridge.prefix}.`)) this.error = `the server permits no ${operation} to ${subject}`
  }

  turnEnded(appended: number): void {
    this.departures.turnEnded(appended)
  }

  logProgressed(): void {
    this.departures.release()
  }

  tick(): void {}

  stop(): void {
    this.untap()
    this.disconnected()
  }

  figures(): Lines {
    const { sent, dropped, unfit } = this.departures
    return [
      ['subject', `${this.bridge.prefix}.<db>.<event>.<key>`], ['published', sent], ['dropped', dropped],
      ['unfit', unfit],
    ]
  }

  private leave(kind: string, event: string, db: number, buf: Uint8Array, from: number, to: number): void {
    const { pattern, classes, prefix } = this.bridge
    if (!classes.includes(kind) || !globMatch(pattern, 0, pattern.length, buf, from, to)) return
    const key = Buffer.from(buf.subarray(from, to))
    if (keyPrefix.equals(key.subarray(0, keyPrefix.length))) return
    this.departures.add(`${prefix}.${db}.${event}.${toSubject(key)}`, key, [[headerNames.origin, this.around.origin]])
  }
}
