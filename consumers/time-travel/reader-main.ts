// A process that reads the log's past: answers one question after the other, and goes away with its broker.
//
// Exit codes: 1 it failed in a way that is a fault of ours (and complained), 2 the broker is gone.

import os from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { realClock } from '../../core/clock.ts'
import { realDisk } from '../../core/disk.ts'
import { answer } from './answer.ts'
import { frameWaitMs, readerSliceMs } from './limits.ts'
import type { Question } from './question.ts'

const clock = realClock()

async function run(question: Question): Promise<void> {
  const steps = answer(question, realDisk())
  for (;;) {
    const until = clock.monotonicMs() + readerSliceMs
    let step = steps.next()
    while (step.done !== true && !isGrowing(step.value) && clock.monotonicMs() < until) step = steps.next()
    if (step.done === true) {
      process.send!(step.value)
      return
    }
    if (isGrowing(step.value)) await wait(frameWaitMs)
    else await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A frame is in the making: a verification looks again a little later. */
function isGrowing(step: unknown): boolean {
  return typeof step === 'object' && step !== null && 'step' in step && step.step === 'growing'
}

process.once('disconnect', () => process.exit(2))
// Ctrl-C at the terminal reaches the whole group: the broker decides what becomes of this process.
process.on('SIGINT', () => {})
os.setPriority(os.constants.priority.PRIORITY_LOW)
process.on('message', (question) => void run(question as Question))
