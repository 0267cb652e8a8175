// The figures of policies, delayed entries and schedules for whoever collects them.

import type { Metric } from '../../broker/metric.ts'
import { dueCount } from './due.ts'
import type { Scene } from './writer.ts'

export function policyMetrics({ engine, deeds }: Scene): Metric[] {
  const held = engine.dbs.filter((db) => db.count > 0)
  return [
    {
      kind: 'gauge', name: 'millrace.policies.streams', unit: '{stream}',
      description: 'Streams whose groups have something to do at its time',
      points: held.map((db) => ({ attributes: { db: db.index }, value: db.plannedStreams.count })),
    },
    {
      kind: 'gauge', name: 'millrace.policies.due', unit: '{item}',
      description: 'Delayed entries, ends of entries and schedules that wait for their time',
      points: held.map((db) => ({ attributes: { db: db.index }, value: dueCount(engine, db) })),
    },
    {
      kind: 'counter', name: 'millrace.policies.deeds', unit: '{deed}', description: 'What was done at its time',
      points: Object.entries(deeds).map(([name, value]) => ({
        attributes: { deed: name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) }, value,
      })),
    },
  ]
}
