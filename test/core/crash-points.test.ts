// Power failures and kills at every operation of a workload of real commands; small logs cut and flipped anywhere.

import test from 'ava'
import { seededRandom } from '../../core/random.ts'
import { SimulatedDisk } from '../simulation/simulated-disk.ts'
import { digestOf, forget, freshHistory, randomTurn, settle, startNode, turn, work } from './crash-workload.ts'
import type { History, Mode, Node } from './crash-workload.ts'

type Promise_ = { history: History; acknowledged: number; written: number; durable: number }

/** Recovers, and proves that the state is one at a frame's end, no earlier than `least`. Throws where it isn't. */
function recovered(disk: SimulatedDisk, mode: Mode, history: History, least: number, seed: number): Node {
  const node = startNode(disk, mode, history, seed)
  const { sealed } = node.log
  if (sealed < least) throw new Error(`recovered to position ${sealed}, ${least} was promised`)
  if (!history.boundaries.has(sealed)) throw new Error(`recovered to position ${sealed}, where no frame ends`)
  if (digestOf(node) !== history.digests.get(sealed)) throw new Error(`the state at position ${sealed} is another`)
  return node
}

/** What was true up to `position`; later promises are another run's. */
function historyUntil(history: History, position: number): History {
  const digest = history.digests.get(position)!
  return { digests: new Map([[position, digest]]), boundaries: new Set([position]), acknowledged: position }
}

/** Recovers a crash's image, recovers it again, writes on from it and crashes once more. */
function survive(image: SimulatedDisk, mode: Mode, history: History, least: number, seed: number): void {
  const node = recovered(image, mode, history, least, seed)
  const position = node.log.sealed
  const until = historyUntil(history, position)
  forget(recovered(image.afterKill(), mode, until, position, seed + 1))

  // Its log counts what it found as durable: a power failure before the first sync must not take that back.
  node.history = until
  const random = seededRandom(seed)
  for (let i = 0; i < 3; i++) turn(node, randomTurn(random, 2000 + i))
  const promised = node.log.durable
  forget(recovered(image.afterPowerFailure(seed), mode, until, Math.max(position, promised), seed + 2))
  if (seed % 2 === 0) {
    node.log.setPolicy('always')
    settle(node)
    const { sealed } = node.log
    forget(recovered(image.afterPowerFailure(seed), mode, until, sealed, seed + 3))
  }
  forget(node)
}

for (const mode of ['always', 'always, quick', 'everysec'] as const) {
  test(`${mode}: after a crash at any operation the state is one at a frame's end, with all that was acknowledged`, async (t) => {
    const disk = new SimulatedDisk()
    const node = startNode(disk, mode, freshHistory(), 1)
    const { history, log } = node
    let points = 0
    const images: { kind: string; image: SimulatedDisk; least: number }[] = []
    disk.faults = {
      watch: (operation, torn) => {
        const name = `${operation} ${disk.operations}${torn ? ', torn' : ''}`
        points++
        images.push({ kind: `kill at ${name}`, image: disk.afterKill(), least: Math.max(log.written, history.acknowledged) })
        images.push({ kind: `power failure at ${name}`, image: disk.afterPowerFailure(points), least: log.durable })
      },
    }
    const made = await work(node, 2000, 7, 16_000)
    t.log({ made, logged: node.logged, refused: node.refused, ops: disk.operations, points, sealed: log.sealed,
      frames: history.boundaries.size, files: disk.list('/data/appendonlydir'), bytes: log.segmentBytes })
    t.is(history.acknowledged, log.sealed)
    const began = process.cpuUsage()
    let n = 0
    for (const { kind, image, least } of images) {
      n++
      try { survive(image, mode, history, least, n) } catch (error) { t.log(kind, (error as Error).message) ; t.fail(); break }
    }
    t.log(n, process.cpuUsage(began))
  })
}
