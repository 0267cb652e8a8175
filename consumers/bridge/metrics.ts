// The figures of bridges for whoever collects them: those of BRIDGE INFO, by the names that they have there.

import type { Metric, NumberMetric } from '../../broker/metric.ts'
import type { BridgeFacts, Bridges } from './bridges.ts'

type Points = NumberMetric['points']

const phases = ['flowing', 'aligning', 'settling', 'waiting', 'down', 'paused', 'passive']
/** Figures that hold now, or are a place; all other numbers count what happened. */
const notCounted = new Set(['cursor', 'lag', 'lag_ms', 'in_flight', 'in_flight_bytes'])
const secondsPerMs = 1e-3

/** Nothing where there are no bridges. */
export function bridgeMetrics(bridges: Bridges): Metric[] {
  const all = bridges.list()
  if (all.length === 0) return []
  const { link } = bridges
  return [
    {
      kind: 'gauge', name: 'millrace.bridge.connected', unit: '', description: '1 while there is a connection to NATS',
      points: [{ attributes: {}, value: link.up ? 1 : 0 }],
    },
    {
      kind: 'counter', name: 'millrace.bridge.connections', unit: '{connection}', description: 'Connections to NATS',
      points: [{ attributes: {}, value: link.connects }],
    },
    {
      kind: 'gauge', name: 'millrace.bridge.state', unit: '', description: '1 for the state that the bridge is in',
      points: all.flatMap((facts) => phases.map((state) => ({
        attributes: { ...attributesOf(facts), state }, value: facts.phase === state ? 1 : 0,
      }))),
    },
    {
      kind: 'gauge', name: 'millrace.bridge.lag', unit: '{message}', description: 'Messages that are not across yet',
      points: pointsOf(all, 'lag'),
    },
    {
      kind: 'gauge', name: 'millrace.bridge.lag.time', unit: 's', description: 'Age of the oldest of them',
      points: pointsOf(all, 'lag_ms', secondsPerMs),
    },
    {
      kind: 'gauge', name: 'millrace.bridge.in_flight', unit: '{message}', points: pointsOf(all, 'in_flight'),
      description: 'Messages that JetStream has not acknowledged',
    },
    {
      kind: 'gauge', name: 'millrace.bridge.in_flight.size', unit: 'By', points: pointsOf(all, 'in_flight_bytes'),
      description: 'Bytes that JetStream has not acknowledged',
    },
    {
      kind: 'counter', name: 'millrace.bridge.events', unit: '{event}', description: 'What happened at the bridge',
      points: all.flatMap((facts) => facts.figures.flatMap(([event, value]) => (
        typeof value === 'string' || notCounted.has(event) ? []
          : { attributes: { ...attributesOf(facts), event }, value }
      ))),
    },
  ]
}

function attributesOf({ name, kind }: BridgeFacts): Record<string, string> {
  return { bridge: name, kind }
}

/** A figure of those bridges that have it. */
function pointsOf(all: readonly BridgeFacts[], figure: string, scale = 1): Points {
  return all.flatMap((facts) => {
    const value = facts.figures.find(([name]) => name === figure)?.[1]
    return typeof value === 'number' ? { attributes: attributesOf(facts), value: value * scale } : []
  })
}
