// MEMORY DOCTOR: what an operator would look at in the figures, in plain words.

import type { Broker } from '../broker.ts'
import { memoryFigures, ratio } from './memory-figures.ts'
import { human } from './human.ts'

/** Below this nothing is worth a word. */
const smallBytes = 5 << 20
const wasteBytes = 10 << 20
const peakRatio = 1.5
const fragmentationRatio = 1.4
const clientShare = 0.3
const nodeBytes = 512 << 20

export function diagnose(broker: Broker): string {
  const m = memoryFigures(broker)
  const { settings, stats } = broker.engine
  const bound = settings.memoryBytesMax
  if (m.peak < smallBytes && bound === 0) {
    return `Only ${human(m.used)} are in use: there is nothing to say about so little memory yet.\n`
  }
  const found: string[] = []
  if (ratio(m.peak, m.used) > peakRatio && m.peak - m.used > wasteBytes) {
    found.push(`Peak: ${human(m.peak)} were once in use, ${human(m.used)} are now. Freed pages are used again; chunks `
      + 'that are wholly empty go back to the system.')
  }
  if (ratio(m.active, m.allocated) > fragmentationRatio && m.active - m.allocated > wasteBytes) {
    found.push(`Fragmentation: blocks of ${human(m.allocated)} keep pages of ${human(m.active)}, as happens when keys `
      + 'of one size are followed by keys of another. New keys of the old sizes fill the gaps; a restart closes them.')
  }
  if (m.resident - m.reserved > nodeBytes) {
    found.push(`Process: ${human(m.resident - m.reserved)} are Node's own, beside the data: large commands and replies `
      + 'on their way, or garbage that was not collected yet.')
  }
  if (m.clients > wasteBytes && ratio(m.clients, m.used) > clientShare) {
    found.push(`Clients: they hold ${human(m.clients)}; CLIENT LIST tells which (qbuf, omem, multi-mem). Some read too `
      + 'slowly, or send commands ahead that are large.')
  }
  if (bound > 0 && m.used > bound) {
    const policy = settings.memoryPolicy
    const how = policy === 'noeviction' ? 'writes are refused' : 'no more keys may be evicted'
    found.push(`Bound: ${human(m.used)} are in use, maxmemory is ${human(bound)}, and ${how} (${policy}).`)
  } else if (bound > 0 && stats.evictedKeys > 0 && stats.keyspaceMisses > stats.keyspaceHits) {
    found.push(`Evictions: ${stats.evictedKeys} keys were evicted, and look-ups miss more often than they hit: `
      + 'maxmemory may be too low for what is in use.')
  }
  if (found.length === 0) return `No problem was found: ${human(m.used)} are in use.\n`
  return `${found.map((line) => ` * ${line}`).join('\n')}\n`
}
