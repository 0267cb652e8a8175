// Power failures and kills at every operation of a workload of real commands, and small logs cut and flipped anywhere:
// what recovers is a state at a frame's end, with all that was acknowledged, or nothing at all starts.

import path from 'node:path'
import test from 'ava'
import { MillraceError } from '../../core/errors.ts'
import { seededRandom } from '../../core/random.ts'
import { SimulatedDisk } from '../simulation/simulated-disk.ts'
import {
  digestOf, fingerprint, forget, freshHistory, goOn, historyAt, place, randomTurn, recover, segment, settle, turn, work,
} from './crash-workload.ts'
import type { History, Mode, View } from './crash-workload.ts'

const manifest = path.join(place.folder, `${place.baseName}.manifest`)

/** Recovers, and proves that the state is one at a frame's end, no earlier than `least`. Throws where it isn't. */
function recovered(disk: SimulatedDisk, history: History, least: number, seed: number): View {
  const view = recover(disk, seed)
  const position = view.recovered.entries
  if (position < least) throw new Error(`recovered to position ${position}, ${least} was promised`)
  if (!history.boundaries.has(position)) throw new Error(`recovered to position ${position}, where no frame ends`)
  if (digestOf(view) !== history.digests.get(position)) throw new Error(`the state at position ${position} is another`)
  return view
}

/** Recovers from a crash, twice, writes on, and recovers from another crash; the position that it came to at first. */
function survive(disk: SimulatedDisk, mode: Mode, history: History, least: number, seed: number): number {
  const view = recovered(disk, history, least, seed)
  const position = view.recovered.entries
  const onwards = historyAt(history, position)
  // What was left as it was found is folded again further down.
  if (view.recovered.cut !== undefined || seed % 3 === 0) forget(recovered(disk.afterKill(), onwards, position, seed + 1))

  // Whoever recovered counts what was found as durable: a failure before the next sync must not take it back.
  const node = goOn(view, mode, onwards)
  const random = seededRandom(seed)
  for (let i = 0; i < 3; i++) turn(node, randomTurn(random, 2000 + i))
  const halfway = seed % 2 === 0
  if (!halfway) {
    node.log.setPolicy('always')
    settle(node)
  }
  if (!halfway && node.log.durable !== node.log.appended) throw new Error('what was written on never became durable')
  forget(recovered(disk.afterPowerFailure(seed), onwards, node.log.durable, seed + 2))
  forget(node)
  return position
}

type Crash = { what: string; disk: SimulatedDisk; least: number }

for (const [mode, count] of [['always', 2000], ['everysec', 1000], ['always, quick', 500]] as const) {
  test(`${mode}: a crash at any operation of ${count} commands leaves a state at a frame's end, and what was promised`, async (t) => {
    const disk = new SimulatedDisk()
    const node = goOn(recover(disk, 1), mode, freshHistory())
    const { history, log } = node
    const crashes: Crash[] = []
    let points = 0
    disk.faults = {
      watch: (operation, torn) => {
        const at = `operation ${disk.operations} (${torn ? 'half a ' : ''}${operation})`
        points++
        crashes.push({ what: `killed at ${at}`, disk: disk.afterKill(), least: Math.max(log.written, history.acknowledged) })
        const least = mode === 'everysec' ? log.durable : Math.max(log.durable, history.acknowledged)
        crashes.push({ what: `power failure at ${at}`, disk: disk.afterPowerFailure(points), least })
      },
    }
    // Disks that look alike recover alike; of kills the first is the one with most that isn't durable.
    const seen = new Map<string, number>()
    let lost = 0
    const check = (): void => {
      for (const { what, disk: image, least } of crashes.splice(0)) {
        const print = fingerprint(image)
        try {
          const position = seen.get(print) ?? survive(image, mode, history, least, points + seen.size)
          seen.set(print, position)
          if (position < least) throw new Error(`position ${position} of ${least}`)
          if (position < log.sealed) lost++
        } catch (error) {
          t.fail(`${what}: ${(error as Error).message}`)
        }
      }
    }
    const made = await work(node, count, 16_000, check)
    // The workload did what it is for: it wrote, in many frames and some segments, and crashes took some of it.
    t.true(made >= count && node.logged > count / 2 && history.boundaries.size > count / 8)
    t.true(disk.list(place.folder).length > count / 250)
    t.true(points > count / 3 && seen.size > count / 3 && lost > count / 4)
    t.is(history.acknowledged, log.appended)
    forget(node)
  })
}

type SmallLog = { content: Buffer; history: History; ends: Map<number, number>; names: Buffer }

/** One segment of some tens of commands, and where in it which frame ends: byte offset to position. */
async function smallLog(count: number): Promise<SmallLog> {
  const disk = new SimulatedDisk()
  const node = goOn(recover(disk, 1), 'always, quick', freshHistory())
  const ends = new Map([[0, 0]])
  await work(node, count, Infinity, () => void ends.set(node.log.segmentBytes, node.log.sealed))
  // The last frame spans sectors.
  turn(node, [{ session: 1, db: 0, words: [['SET', 'key:0', 'x'.repeat(600)], ['DEL', 'key:1', 'auto']], transaction: true }])
  ends.set(node.log.segmentBytes, node.log.sealed)
  forget(node)
  return { content: disk.content(segment(1)), history: node.history, ends, names: disk.content(manifest) }
}

function diskOf(log: SmallLog, content: Buffer, names = log.names): SimulatedDisk {
  const disk = new SimulatedDisk()
  disk.place(segment(1), content)
  disk.place(manifest, names)
  return disk
}

/** Where the frame begins that holds the byte at `offset`. */
function frameAt(log: SmallLog, offset: number): number {
  return Math.max(...[...log.ends.keys()].filter((end) => end <= offset))
}

test('a log cut at any byte recovers to its last whole frame, also when recovery itself is cut short', async (t) => {
  const log = await smallLog(30)
  t.true(log.ends.size > 6)
  let recoveries = 0
  for (let bytes = 0; bytes <= log.content.length; bytes++) {
    const disk = diskOf(log, log.content.subarray(0, bytes))
    const position = log.ends.get(frameAt(log, bytes))!
    const expected = historyAt(log.history, position)
    const halfway: SimulatedDisk[] = []
    if (bytes % 7 === 0) disk.faults = { watch: () => void halfway.push(disk.afterKill(), disk.afterPowerFailure(bytes)) }
    forget(recovered(disk, expected, position, bytes))
    disk.faults = {}
    const seen = new Set<string>()
    for (const found of halfway) {
      const print = fingerprint(found)
      if (!seen.has(print)) forget(recovered(found, expected, position, bytes))
      seen.add(print)
    }
    recoveries += seen.size
    survive(disk, 'always', expected, position, bytes)
  }
  t.true(recoveries > log.content.length / 2)
})

/** The refusal of a start, or the position that it came to, its state proven. */
function startOf(disk: SimulatedDisk, history: History): MillraceError | number {
  try {
    const view = recovered(disk, history, 0, 3)
    forget(view)
    return view.recovered.entries
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
}

function flipped(content: Buffer, bit: number): Buffer {
  const damaged = Buffer.from(content)
  damaged[bit >>> 3] = damaged[bit >>> 3]! ^ (1 << (bit & 7))
  return damaged
}

test('any flipped bit of a whole log is refused, with the file and the frame that holds it named', async (t) => {
  const log = await smallLog(30)
  for (let bit = 0; bit < log.content.length * 8; bit++) {
    const start = startOf(diskOf(log, flipped(log.content, bit)), log.history)
    if (typeof start === 'number') t.fail(`bit ${bit}: recovered to ${start}`)
    else {
      const frame = frameAt(log, bit >>> 3)
      const where = `${segment(1)} at byte ${frame} (position ${log.ends.get(frame)! + 1})`
      if (start.code !== 'LOG_DAMAGED' || !start.message.includes(where)) t.fail(`bit ${bit}, ${where}: ${start.message}`)
    }
  }
  t.pass()
})

for (const tail of ['cut', 'zeros'] as const) {
  test(`any flipped bit of a log with a torn tail (${tail}) is refused, or is in the tail, which does not count`, async (t) => {
    const log = await smallLog(30)
    const offsets = [...log.ends.keys()]
    const whole = offsets.at(-2)!
    const content = Buffer.from(log.content)
    const sector = 512 * Math.ceil((whole + 100) / 512)
    t.true(sector < content.length)
    const torn = tail === 'cut' ? content.subarray(0, sector) : content.fill(0, sector)
    t.is(startOf(diskOf(log, torn), log.history), log.ends.get(whole)!)
    let harmless = 0
    for (let bit = 0; bit < torn.length * 8; bit++) {
      const start = startOf(diskOf(log, flipped(torn, bit)), log.history)
      const frame = frameAt(log, bit >>> 3)
      if (typeof start === 'number') {
        harmless++
        if (frame !== whole || start !== log.ends.get(whole)) t.fail(`bit ${bit} of frame ${frame}: recovered to ${start}`)
      } else if (!start.message.includes(`${segment(1)} at byte ${frame} `)) t.fail(`bit ${bit}: ${start.message}`)
    }
    t.true(harmless > 0)
  })
}

test('any flipped bit of the manifest is refused, or changes nothing', async (t) => {
  const disk = new SimulatedDisk()
  const node = goOn(recover(disk, 1), 'always', freshHistory())
  await work(node, 40, 800)
  forget(node)
  const { sealed } = node.log
  const names = disk.content(manifest)
  t.true(names.toString().split('\n').length > 3)
  for (let bit = 0; bit < names.length * 8; bit++) {
    const damaged = disk.afterKill()
    damaged.place(manifest, flipped(names, bit))
    const start = startOf(damaged, node.history)
    if (typeof start === 'number') {
      if (start !== sealed) t.fail(`bit ${bit} (${JSON.stringify(names.toString('latin1', bit >>> 3, (bit >>> 3) + 9))}): ${start}`)
    } else if (!start.message.includes(place.folder)) t.fail(`bit ${bit}: ${start.message}`)
  }
})
