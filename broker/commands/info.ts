// INFO: the state of the server in sections of `name:value` lines.
// Names: https://redis.io/docs/latest/commands/info/ ; what a figure can't mean here is zero, and never invented.

import type { Args } from '../../core/args.ts'
import type { Reply } from '../../core/reply.ts'
import type { Broker } from '../broker.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import {
  clientsSection, cpuSection, keyspaceSection, memorySection, serverSection, statsSection,
} from './info-sections.ts'
import type { Lines } from './info-sections.ts'
import { replicationSection } from './info-replication.ts'
import { commandStats, errorStats, latencyStats } from './info-commands.ts'
import { persistenceSection } from './info-persistence.ts'
import { infoSpec } from './server-spec.ts'

type Section = { name: string, title: string, lines: (c: Connection) => Lines, standard: boolean }

const sections: readonly Section[] = [
  { name: 'server', title: 'Server', lines: serverSection, standard: true },
  { name: 'clients', title: 'Clients', lines: clientsSection, standard: true },
  { name: 'memory', title: 'Memory', lines: memorySection, standard: true },
  { name: 'persistence', title: 'Persistence', lines: persistenceSection, standard: true },
  { name: 'stats', title: 'Stats', lines: statsSection, standard: true },
  { name: 'replication', title: 'Replication', lines: replicationSection, standard: true },
  { name: 'cpu', title: 'CPU', lines: cpuSection, standard: true },
  { name: 'modules', title: 'Modules', lines: () => [], standard: true },
  { name: 'commandstats', title: 'Commandstats', lines: commandStats, standard: false },
  { name: 'errorstats', title: 'Errorstats', lines: errorStats, standard: true },
  { name: 'latencystats', title: 'Latencystats', lines: latencyStats, standard: false },
  { name: 'cluster', title: 'Cluster', lines: () => [['cluster_enabled', 0]], standard: true },
  { name: 'keyspace', title: 'Keyspace', lines: keyspaceSection, standard: true },
]

/** The sections that the words name, in Redis's order; no word means the standard ones. */
function chosenSections(broker: Broker, words: readonly string[]): Section[] {
  const asked = new Set(words.map((word) => word.toLowerCase()))
  const standard = asked.size === 0 || asked.has('default')
  const all = asked.has('all') || asked.has('everything')
  const more = broker.extensions.info.map((section) => ({ ...section, standard: true }))
  return [...sections, ...more].filter((section) => all || (standard && section.standard) || asked.has(section.name))
}

/** The text of INFO. */
export function infoText(c: Connection, words: readonly string[]): string {
  return chosenSections(c.broker, words).map((section) => {
    const lines = section.lines(c).map(([name, value]) => `${name}:${value}\r\n`)
    return `# ${section.title}\r\n${lines.join('')}`
  }).join('\r\n')
}

function info(c: Connection, a: Args, r: Reply): void {
  const words = Array.from({ length: a.count - 1 }, (_, i) => a.text(i + 1))
  r.verbatim('txt', infoText(c, words))
}

export const infoCommands: readonly BrokerSpec[] = [{ ...infoSpec, serve: info }]
