// Decides whether two replies to one command are the same. Equal bytes always are. Otherwise both
// are decoded and compared after the rules: clock readings within a tolerance, orders that Redis
// leaves open sorted, and the intended differences taken out. All else must agree to the byte.
import { decode, show, type RespValue } from '../resp-value.ts'
import { rulesFor } from './rules.ts'
import { type Settled } from './settle.ts'

/** The reply as it is shown in a report. */
export function showReply(reply: Buffer): string {
  try {
    return show(decode(reply))
  } catch {
    return JSON.stringify(reply.toString('latin1'))
  }
}

/**
 * Whether `ours` may stand for `theirs` as the reply to `command`. `queued` holds the commands of
 * the transaction when the command is EXEC.
 */
export function sameReply(
  command: readonly string[], ours: Buffer, theirs: Buffer, queued: readonly string[][] = [],
): boolean {
  if (ours.equals(theirs)) return true
  return sameValue(command, decode(ours), decode(theirs), queued)
}

function sameValue(
  command: readonly string[], ours: RespValue, theirs: RespValue, queued: readonly string[][],
): boolean {
  const isExec = command[0]?.toUpperCase() === 'EXEC'
  if (isExec && Array.isArray(ours.value) && Array.isArray(theirs.value)) {
    if (ours.value.length !== theirs.value.length || ours.type !== theirs.type) return false
    const results = theirs.value
    return ours.value.every((one, i) => sameValue(queued[i] ?? [], one, results[i]!, []))
  }

  if (sameSettled(ours, theirs)) return true
  let left: Settled = ours
  let right: Settled = theirs
  for (const rule of rulesFor(command)) {
    left = rule(left, 'ours', command)
    right = rule(right, 'theirs', command)
  }
  return sameSettled(left, right)
}

function sameSettled(left: Settled, right: Settled): boolean {
  if (left.type !== right.type) return false
  if (left.within !== undefined) {
    return Math.abs(Number(left.value) - Number(right.value)) <= left.within
  }
  if (!Array.isArray(left.value) || !Array.isArray(right.value)) return left.value === right.value
  if (left.value.length !== right.value.length) return false
  const others = right.value
  return left.value.every((one, i) => sameSettled(one, others[i]!))
}
