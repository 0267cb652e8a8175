// The sections of INFO about commands: how often, how long, and which errors.

import { withSubcommands } from '../command.ts'
import type { Command } from '../command.ts'
import type { Connection } from '../connection.ts'
import type { Lines } from './info-sections.ts'

function called(c: Connection): Command[] {
  return withSubcommands(c.broker.commands)
    .filter((command) => command.calls > 0 || command.rejected > 0 || command.failed > 0)
}

export function commandStats(c: Connection): Lines {
  return called(c).map((command) => {
    const micros = Math.round(command.micros)
    const each = command.calls === 0 ? 0 : command.micros / command.calls
    return [`cmdstat_${command.fullName}`, `calls=${command.calls},usec=${micros},usec_per_call=${each.toFixed(2)},`
      + `rejected_calls=${command.rejected},failed_calls=${command.failed}`]
  })
}

export function errorStats(c: Connection): Lines {
  return [...c.broker.stats.errors].toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, count]) => [`errorstat_${code}`, `count=${count}`])
}

export function latencyStats(c: Connection): Lines {
  const { latencyTracking, latencyTrackingInfoPercentiles } = c.broker.config.values
  if (!latencyTracking) return []
  return called(c).filter((command) => command.histogram !== undefined).map((command) => {
    const shares = latencyTrackingInfoPercentiles.map((p) => `p${p}=${percentile(command.histogram!, p).toFixed(3)}`)
    return [`latency_percentiles_usec_${command.fullName}`, shares.join(',')]
  })
}

/** Microseconds that at least `p` per cent of the calls stayed within: the upper bound of their class. */
export function percentile(histogram: Float64Array, p: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  let sum = 0
  for (let power = 0; power < histogram.length; power++) {
    sum += histogram[power]!
    if (sum > 0 && sum >= (total * p) / 100) return 2 ** power
  }
  return 0
}
