// Shrinks an episode that shows a mismatch to the fewest steps that still show one of the same
// kind: first everything after it, then ever smaller slices (delta debugging), then single
// arguments, and RESP3 when RESP2 shows it too.
import { decode } from '../resp-value.ts'
import { containers, nameOf } from './containers.ts'
import { type Episode, type Step } from './episode.ts'
import { play, type Mismatch, type Side } from './runner.ts'

export type Finding = { episode: Episode, mismatch: Mismatch, kind: string }

const playsMax = 400

/** Mismatches of one kind have the same command and the same types of reply. */
export function kindOf(mismatch: Mismatch): string {
  const { command, ours, theirs } = mismatch
  return `${nameOf(command)} ours:${typeOf(ours)} redis:${typeOf(theirs)}`
}

function typeOf(reply: Buffer): string {
  try {
    const { type, value } = decode(reply)
    if (type === '-') return `-${(value as string).split(' ')[0]}`
    return value === null ? `${type}nil` : type
  } catch {
    return 'closed'
  }
}

export async function shrink(ours: Side, theirs: Side, found: Finding): Promise<Finding> {
  let best = found
  let plays = 0
  const attempt = async (steps: Step[], protocol = best.episode.protocol): Promise<boolean> => {
    if (plays++ >= playsMax) return false
    const mismatch = await play(ours, theirs, { protocol, steps })
    if (mismatch === null || kindOf(mismatch) !== found.kind) return false
    const needed = steps.slice(0, lastNeeded(steps, mismatch.step))
    best = { kind: found.kind, mismatch, episode: { ...best.episode, protocol, steps: needed } }
    return true
  }

  const needed = found.episode.steps.slice(0, lastNeeded(found.episode.steps, found.mismatch.step))
  if (!await attempt(needed) && !await attempt(needed) && !await attempt(needed)) {
    return { ...found, kind: `${found.kind} (did not show again)` }
  }
  let size = Math.ceil(best.episode.steps.length / 2)
  for (;;) {
    for (let at = 0; at < best.episode.steps.length;) {
      const { steps } = best.episode
      const cut = [...steps.slice(0, at), ...steps.slice(at + size)]
      if (cut.length === 0 || !await attempt(cut)) at += size
    }
    if (size === 1 || plays >= playsMax) break
    size = Math.ceil(size / 2)
  }

  await dropArguments(best.episode.steps, attempt, () => best.episode.steps)
  if (best.episode.protocol === 3) await attempt(best.episode.steps, 2)
  return best
}

/** A hold's mismatch shows at its release: keep the steps up to there. */
function lastNeeded(steps: readonly Step[], at: number): number {
  const step = steps[at]
  if (step?.kind !== 'hold') return at + 1
  const release = steps.findIndex((other, i) =>
    i > at && other.conn === step.conn)
  return release === -1 ? steps.length : release + 1
}

async function dropArguments(
  initial: readonly Step[], attempt: (steps: Step[]) => Promise<boolean>, current: () => Step[],
): Promise<void> {
  for (let at = 0; at < initial.length; at++) {
    const step = current()[at]
    if (step?.kind !== 'send' || step.commands.length !== 1) continue
    // Less of a COMMAND INFO asks for more: the subcommands keep their arguments.
    if (containers.has(step.commands[0]![0]!.toUpperCase())) continue
    for (let arg = step.commands[0]!.length - 1; arg > 1; arg--) {
      const now = current()
      const edited = now[at]
      if (edited?.kind !== 'send') break
      const command = edited.commands[0]!.toSpliced(arg, 1)
      await attempt(now.with(at, { ...edited, commands: [command] }))
    }
  }
}
