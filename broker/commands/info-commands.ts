// The sections of INFO about commands: how often, how long, and which errors.

import { percentile } from '../../core/histogram.ts'
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
