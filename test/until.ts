// Waiting for what a test needs to be so, for as long as a loaded machine may need.

import { setTimeout as sleep } from 'node:timers/promises'

const patienceMs = 180_000

/** How long to wait before the next look: a part of what was waited already, for looks cost the one that is looked at. */
export function pauseMs(waitedMs: number): number {
  return Math.min(100, 2 + waitedMs / 10)
}

type Holds = () => boolean | Promise<boolean>

/** Waits until it holds. One that waits in vain says `what` it waited for: by default the condition as it is written. */
export function until(holds: Holds): Promise<void>
export function until(what: string, holds: Holds, ms?: number): Promise<void>
export async function until(what: string | Holds, holds = what as Holds, ms = patienceMs): Promise<void> {
  const began = performance.now()
  while (!await holds()) {
    const waitedMs = performance.now() - began
    if (waitedMs > ms) throw new Error(`not so in ${ms} ms: ${what}`)
    await sleep(pauseMs(waitedMs))
  }
}
