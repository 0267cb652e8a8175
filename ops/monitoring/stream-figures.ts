// How far the groups of the streams that `metrics-streams` names are behind. Only those that are named are looked at:
// finding all streams among millions of keys would stall clients at each collection.

import type { Broker } from '../../broker/broker.ts'
import { InnerClient, ReplyError } from '../../broker/inner-client.ts'
import type { Metric } from '../../broker/metric.ts'
import type { ReplyValue } from '../../broker/resp/reply-value.ts'

type Point = { attributes: Record<string, string>, value: number }

export class StreamFigures {
  private readonly broker: Broker
  private readonly client: InnerClient

  constructor(broker: Broker) {
    this.broker = broker
    this.client = new InnerClient(broker, 'metrics')
  }

  metrics(): Metric[] {
    const names = this.broker.config.values.metricsStreams.split(' ').filter((name) => name !== '')
    if (names.length === 0) return []
    const entries: Point[] = []
    const lags: Point[] = []
    const pending: Point[] = []
    const consumers: Point[] = []
    for (const stream of names) {
      const length = this.ask('XLEN', stream)
      if (length === undefined) continue
      entries.push({ attributes: { stream }, value: Number(length) })
      const groups = this.ask('XINFO', 'GROUPS', stream)
      if (!Array.isArray(groups)) continue
      for (const group of groups) {
        const facts = named(group)
        const attributes = { stream, group: String(facts.get('name')) }
        pending.push({ attributes, value: Number(facts.get('pending')) })
        consumers.push({ attributes, value: Number(facts.get('consumers')) })
        // A group that began in the middle of a stream with gaps doesn't know how far it is behind.
        if (facts.get('lag') !== null) lags.push({ attributes, value: Number(facts.get('lag')) })
      }
    }
    return [
      figure('millrace.stream.entries', '{entry}', 'Entries of the stream', entries),
      figure('millrace.group.lag', '{entry}', 'Entries that the group has not been given yet', lags),
      figure('millrace.group.pending', '{entry}', 'Entries given to consumers and not acknowledged', pending),
      figure('millrace.group.consumers', '{consumer}', 'Consumers of the group', consumers),
    ]
  }

  /** The answer; undefined where the key is no stream. */
  private ask(...words: string[]): ReplyValue | undefined {
    try {
      return this.client.call(words)
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      return undefined
    }
  }
}

function named(group: ReplyValue): Map<string, ReplyValue> {
  return new Map([...(group as Map<ReplyValue, ReplyValue>)].map(([name, value]) => [String(name), value]))
}

function figure(name: string, unit: string, description: string, points: readonly Point[]): Metric {
  return { kind: 'gauge', name, unit, description, points }
}
