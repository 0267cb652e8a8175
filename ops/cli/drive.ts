// Runs long work of the core, which is written as generators, in slices: signals are heard between them.

import { Interrupted } from './verb.ts'
import type { Io } from './verb.ts'

const sliceMsMax = 50

/** Runs the steps to their end and returns their result. Throws `Interrupted` after SIGINT, the generator closed. */
export async function drive<Step, Result>(
  io: Io, steps: Generator<Step, Result, void>, visit: (step: Step) => void | Promise<void>,
): Promise<Result> {
  let until = io.clock.monotonicMs() + sliceMsMax
  try {
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
      const wait = visit(step.value)
      if (wait !== undefined) await wait
      if (io.clock.monotonicMs() >= until) {
        await breathe(io)
        until = io.clock.monotonicMs() + sliceMsMax
      }
    }
  } finally {
    // Lets it close its files, when it was left before its end.
    steps.return(undefined as never)
  }
}

/** Lets the event loop turn. Throws `Interrupted` when a signal came. */
export async function breathe(io: Io): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  if (io.interruption.asked) throw new Interrupted('interrupted')
}
