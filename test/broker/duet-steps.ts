// The compared commands of an episode as steps for a duet: without waits and short lifetimes, and a transaction's
// commands in one step, because in between a connection can't tell that it is done.
import { makeEpisode } from '../compat/episode.ts'
import type { Family } from '../compat/episode.ts'
import type { Step } from './duet.ts'

const queuedMax = 12
const endings = new Set(['EXEC', 'DISCARD'])

/** Steps for connections 0 and 1, the same for the same seed. */
export function duetSteps(seed: number, commands: number, families: readonly Family[], skip: readonly string[]): Step[] {
  const steps: Step[] = []
  const open = new Map<number, string[][]>()
  const episode = makeEpisode(seed, commands, { families, skip: new Set(skip) })
  for (const step of episode.steps) {
    if (step.kind !== 'send' || step.conn > 1) continue
    for (const command of step.commands) {
      const name = command[0]!.toUpperCase()
      const queue = open.get(step.conn)
      if (queue === undefined && name !== 'MULTI') steps.push({ conn: step.conn, commands: [command] })
      else if (queue === undefined) open.set(step.conn, [command])
      else {
        const over = queue.length > queuedMax
        queue.push(over ? ['EXEC'] : command)
        if (!over && (!endings.has(name) || command.length > 1)) continue
        steps.push({ conn: step.conn, commands: queue })
        open.delete(step.conn)
      }
    }
  }
  return steps
}
