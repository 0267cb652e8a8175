// One life of the whole engine on a simulated disk: commands of all families in turns, segments that end, compactions
// that fold them (in this process, a step a turn), the archive and its retention. What the broker does around them
// stands here in its least form (see broker/persistence/log-maker.ts).

import path from 'node:path'
import { compact } from '../../core/checkpoint/compact.ts'
import { Archive } from '../../core/log/archive.ts'
import { seededRandom } from '../../core/random.ts'
import type { Random } from '../../core/random.ts'
import {
  foldingEngine, forget, goOn, place, randomTurn, recover, settle, turn,
} from '../core/crash-workload.ts'
import type { History, Mode, Node, View } from '../core/crash-workload.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

export const archiveFolder = path.join(place.folder, 'archive')
const retentionBytes = 6000
/** Turns from one ended segment to the next, of which the second is folded. */
const segmentTurns = 9
/** After a step that the disk refused the broker waits before it tries again; here, so many turns. */
const pauseTurns = 2
const stepsMax = 1000

/** Raised where a step of the life can't go on and the broker would only report it. */
export type Refused = (error: Error) => void

export type Life = {
  node: Node
  archive: Archive
  random: Random
  /** What runs beside the turns, a step each. */
  work: AsyncGenerator<void, void, void> | undefined
  /** Their number is in the ids of stream entries: a life that goes on begins with a greater one. */
  turns: number
  /** Checkpoints that became the base, and files that went to the archive. */
  bases: number
  archived: number
  /** Gets what the disk refused; without it that is thrown. */
  refused: Refused | undefined
}

/** Starts on what the disk holds, as the broker does. Throws MillraceError, and what the disk refuses. */
export function begin(
  disk: SimulatedDisk, mode: Mode, seed: number, history: (view: View) => History, firstTurn: number,
): Life {
  const view = recover(disk, seed)
  try {
    const archive = new Archive(disk, archiveFolder)
    archive.settle()
    const steps = archive.adopt(view.recovered.former, view.recovered.formerUntil)
    while (steps.next().done !== true) continue
    archive.retain(retentionBytes, 0)
    const node = goOn(view, mode, history(view))
    return {
      node, archive, random: seededRandom(seed), work: undefined, turns: firstTurn, bases: 0, archived: 0, refused: undefined,
    }
  } catch (error) {
    forget(view)
    throw error
  }
}

/** Runs so many turns; what is promised stands in `life.node.history` at each moment. Calls `between` between turns. */
export async function live(life: Life, turns: number, between: () => Promise<void> | void = () => {}): Promise<void> {
  const { node, random } = life
  const { clock, disk, log } = node
  for (let i = 0; i < turns && log.state !== 'broken'; i++) {
    turn(node, randomTurn(random, life.turns))
    life.turns++
    if (random.u32() % 3 === 0) disk.runLater()
    clock.advance(random.u32() % 3 === 0 ? 0 : random.u32() % 120)
    log.tick(clock.monotonicMs())
    if (life.work === undefined && life.turns % segmentTurns === 0) life.work = endSegment(life)
    else if (life.work !== undefined) await step(life)
    await between()
  }
  settle(node)
  for (let steps = 0; life.work !== undefined && log.state !== 'broken'; steps++) {
    if (steps > stepsMax) throw new Error('what runs beside the turns does not end')
    log.tick(clock.monotonicMs())
    await step(life)
  }
  settle(node)
  await between()
}

/** One step of what runs beside the turns. */
async function step(life: Life): Promise<void> {
  try {
    if ((await life.work!.next()).done === true) life.work = undefined
  } catch (error) {
    life.work = undefined
    if (life.refused === undefined) throw error
    life.refused(error as Error)
    life.turns += pauseTurns
  }
}

/** Ends the segment, and folds the log each second time. */
async function* endSegment(life: Life): AsyncGenerator<void, void, void> {
  const { node } = life
  const { files } = node.recovered
  const cut: { position?: number, error?: Error } = {}
  node.log.rotate().then((position) => {
    cut.position = position
  }, (error: Error) => {
    cut.error = error
  })
  // It waits for a sync, or until the disk takes again what it refused: turns go on meanwhile.
  while (cut.position === undefined) {
    if (cut.error !== undefined) throw cut.error
    settle(node)
    yield
  }
  if (life.turns % (2 * segmentTurns) < segmentTurns && files.segments.length < 4) return
  yield* fold(life, cut.position)
}

async function* fold(life: Life, position: number): AsyncGenerator<void, void, void> {
  const { node, archive } = life
  const { disk } = node
  const { files } = node.recovered
  const sealed = files.segments.slice(0, -1)
  // Checkpoints are RDB files and commands in turns.
  const form = (files.base?.seq ?? 0) % 2 === 0 ? 'rdb' : 'commands'
  const target = files.temporaryBase(form)
  const folding = foldingEngine()
  try {
    const steps = compact({
      ...folding, disk, base: files.base === undefined ? undefined : files.pathOf(files.base),
      segments: sealed.map((file) => files.pathOf(file)), target, form, aux: {}, checksum: true, verify: false,
    })
    for (;;) {
      const one = steps.next()
      if (one.done !== true) {
        yield
        continue
      }
      if (one.value.position !== position) throw new Error(`folded to ${one.value.position}, the cut is at ${position}`)
      break
    }
  } finally {
    forget(folding)
  }
  const former = files.installBase(target, sealed.at(-1)!.seq)
  life.bases++
  yield
  for (const adopting = archive.adopt(former, position + 1); adopting.next().done !== true;) yield
  life.archived = archive.files.length
  archive.retain(retentionBytes, 0)
}

/** Gives back what the life holds of memory. */
export function end(life: Life): void {
  void life.work?.return()
  forget(life.node)
}
