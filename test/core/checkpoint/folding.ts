// What tests of checkpoints share: engines that one is loaded into, and logs that one is folded from.

import { createCommands } from '../../../broker/commands/table.ts'
import { replayer } from '../../../broker/persistence/recovery.ts'
import { bindSources } from '../../../broker/scripting/functions.ts'
import { Arena } from '../../../core/arena/arena.ts'
import { loadBase } from '../../../core/checkpoint/load-base.ts'
import { manualClock } from '../../../core/clock.ts'
import { stateDigest } from '../../../core/digest.ts'
import { Engine } from '../../../core/engine.ts'
import { nullLog } from '../../../core/log/log.ts'
import { seededRandom } from '../../../core/random.ts'
import type { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { randomTurn, settle, turn } from '../crash-workload.ts'
import type { Node, Work } from '../crash-workload.ts'

export const databases = 4
export const commands = createCommands()
const arena = new Arena()

/** Engines come one after the other: each is to be forgotten before the next. */
export function freshEngine(): Engine {
  const engine = new Engine({ clock: manualClock(0), random: seededRandom(1), log: nullLog(), databases, arena })
  engine.replaying = true
  bindSources(engine)
  return engine
}

export function forgetEngine(engine: Engine): void {
  for (const db of engine.dbs) {
    db.check()
    db.clear()
  }
  engine.lazy.drain()
}

/** Takes all steps; their result. */
export function drain<T>(steps: Generator<unknown, T, void>): T {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/** Loads a checkpoint as a start does; its position. */
export function loadInto(engine: Engine, disk: SimulatedDisk, file: string): number {
  return drain(loadBase(engine, disk, file, replayer(engine, commands))).position
}

/** What a checkpoint holds, as its reader sees it. */
export function loaded(disk: SimulatedDisk, file: string): { digest: string, position: number, ms: number } {
  const engine = freshEngine()
  try {
    const position = loadInto(engine, disk, file)
    return { digest: stateDigest(engine), position, ms: engine.now }
  } finally {
    forgetEngine(engine)
  }
}

export async function endSegment(node: Node): Promise<void> {
  settle(node)
  const rotation = node.log.rotate()
  settle(node)
  await rotation
}

/** Random turns, of which `keeps` may leave some work out. */
export async function workOn(node: Node, turns: number, seed: number, keeps?: (work: Work) => boolean): Promise<void> {
  const random = seededRandom(seed)
  for (let i = 0; i < turns; i++) {
    turn(node, randomTurn(random, seed * 100 + i).filter((work) => keeps === undefined || keeps(work)))
    node.clock.advance(random.u32() % 120)
    settle(node)
  }
}
