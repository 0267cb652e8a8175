// Waiting for what a test needs to be so, for as long as a loaded machine may need.

const patienceMs = 60_000

type Holds = () => boolean | Promise<boolean>

/** Waits until it holds. One that waits in vain says `what` it waited for: by default the condition as it is written. */
export function until(holds: Holds): Promise<void>
export function until(what: string, holds: Holds, ms?: number): Promise<void>
export async function until(what: string | Holds, holds = what as Holds, ms = patienceMs): Promise<void> {
  const deadline = performance.now() + ms
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`not so in ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
