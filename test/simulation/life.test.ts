// The whole engine in one life: commands of all families, segments, compactions, the archive and its retention, on a
// disk that loses power, loses its process or refuses at any operation. What starts again is a state at a frame's end
// with all that was promised; a crash in that start changes nothing; and the life goes on from there.

import test from 'ava'
import { verifyCheckpoint } from '../../core/checkpoint/verify-checkpoint.ts'
import { verifyArchive } from '../../core/log/verify-archive.ts'
import { verifyLog } from '../../core/log/verify-log.ts'
import type { VerifyStep } from '../../core/log/verify-segment.ts'
import { digestOf, fingerprint, freshHistory, historyAt, place } from '../core/crash-workload.ts'
import type { History, Mode } from '../core/crash-workload.ts'
import { scale } from '../scale.ts'
import { archiveFolder, begin, end, live } from './life.ts'
import type { Life } from './life.ts'
import { SimulatedDisk } from './simulated-disk.ts'

const { seed } = scale
const turns = 80
const onwardTurns = 12
/** Ids of stream entries of a life that goes on: greater than all before. */
const onwardTurn = 5000

/** What a crash must leave: after a kill of the process, and after a power failure. */
type Promised = { killed: number, powerless: number }

type Crash = { what: string, disk: SimulatedDisk, powerFailed: boolean, promised: Promised }

/** Throws unless the life began at a state that the history knows, at `least` or later; its position. */
function checked(life: Life, history: History, least: number): number {
  const position = life.node.recovered.entries
  if (position < least) throw new Error(`started at position ${position}, ${least} was promised`)
  if (!history.boundaries.has(position)) throw new Error(`started at position ${position}, where no frame ends`)
  if (digestOf(life.node) !== history.digests.get(position)) throw new Error(`the state at position ${position} is another`)
  return position
}

/** Starts on the disk; the life, its beginning proven. */
function started(disk: SimulatedDisk, mode: Mode, history: History, least: number, luck: number): Life {
  const life = begin(disk, mode, luck, (view) => historyAt(history, view.recovered.entries), onwardTurn)
  try {
    checked(life, history, least)
    return life
  } catch (error) {
    end(life)
    throw error
  }
}

function restart(disk: SimulatedDisk, mode: Mode, history: History, least: number, luck: number): number {
  const life = started(disk, mode, history, least, luck)
  end(life)
  return life.node.recovered.entries
}

/** Starts after the crash, crashes in some operation of that start, goes on, crashes again: the first start's position. */
async function survive(crash: Crash, mode: Mode, history: History, luck: number): Promise<number> {
  const { disk, powerFailed, promised } = crash
  const least = powerFailed ? promised.powerless : promised.killed
  const halfway: { disk: SimulatedDisk, powerFailed: boolean }[] = []
  disk.faults = {
    watch: () => void halfway.push(
      { disk: disk.afterKill(), powerFailed: false }, { disk: disk.afterPowerFailure(luck + halfway.length), powerFailed: true },
    ),
  }
  const life = started(disk, mode, history, least, luck)
  disk.faults = {}
  const position = life.node.recovered.entries

  for (let i = 0; i < 2 && halfway.length > 0; i++) {
    const found = halfway[(luck * 7 + i * 13) % halfway.length]!
    // What only the operating system knew may go with the power, as long as the start has not synced it.
    const again = restart(found.disk, mode, history, found.powerFailed && !powerFailed ? promised.powerless : least, luck + i)
    if (!(found.powerFailed && !powerFailed) && again !== position) throw new Error(`a crash in the start led to ${again}, not ${position}`)
  }

  if (luck % 4 === 0) {
    await live(life, onwardTurns + (luck % 8))
    const { log, history: onwards } = life.node
    restart(disk.afterKill(), mode, onwards, Math.max(log.written, onwards.acknowledged), luck)
    restart(disk.afterPowerFailure(luck), mode, onwards, log.durable, luck)
  }
  end(life)
  return position
}

function faultsOf(steps: Generator<VerifyStep, unknown, void>): string[] {
  const faults: string[] = []
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    if (step.value.step === 'fault') faults.push(JSON.stringify(step.value.fault))
  }
  return faults
}

for (const mode of ['always', 'everysec', 'always, quick'] as const) {
  test(`${mode}: a crash at any operation of a life, and in the start behind it, leaves what was promised (seed ${seed})`, async (t) => {
    const disk = new SimulatedDisk()
    const history = freshHistory()
    const life = begin(disk, mode, seed, () => history, 0)
    const { log } = life.node
    const crashes: Crash[] = []
    let points = 0
    disk.faults = {
      watch: (operation, torn) => {
        const at = `operation ${disk.operations} (${torn ? 'half a ' : ''}${operation}), turn ${life.turns}`
        points++
        const promised = {
          killed: Math.max(log.written, history.acknowledged),
          powerless: mode === 'everysec' ? log.durable : Math.max(log.durable, history.acknowledged),
        }
        crashes.push({ what: `killed at ${at}`, disk: disk.afterKill(), powerFailed: false, promised })
        crashes.push({ what: `power failure at ${at}`, disk: disk.afterPowerFailure(points), powerFailed: true, promised })
      },
    }
    // Disks that look alike start alike; of kills the first is the one with most that isn't durable.
    const seen = new Map<string, number>()
    let lost = 0
    const check = async (): Promise<void> => {
      const { sealed } = log
      for (const crash of crashes.splice(0)) {
        const print = fingerprint(crash.disk)
        try {
          const position = seen.get(print) ?? await survive(crash, mode, history, seed + points + seen.size)
          seen.set(print, position)
          const least = crash.powerFailed ? crash.promised.powerless : crash.promised.killed
          if (position < least) throw new Error(`position ${position} of ${least}`)
          if (position < sealed) lost++
        } catch (error) {
          t.fail(`${crash.what}: ${(error as Error).message}`)
        }
      }
    }
    await live(life, turns, check)
    t.is(history.acknowledged, log.appended)
    // The life did what it is for.
    t.true(life.bases >= 3 && life.archived > 0 && life.node.refused > 0, `${life.bases} bases, ${life.archived} archived`)
    t.true(points > turns && seen.size > turns && lost > turns / 4, `${points} points, ${seen.size} disks, ${lost} lost a part`)
    t.deepEqual(faultsOf(verifyLog(disk, place, verifyCheckpoint)), [])
    t.deepEqual(faultsOf(verifyArchive(disk, archiveFolder)), [])
    end(life)
  })
}

type Outcome = { acknowledged: number, refusals: number, broken: boolean }

/** A life on a disk that refuses in a while of it, and is well again in the end. */
async function refusedLife(disk: SimulatedDisk, mode: Mode): Promise<{ life: Life, outcome: Outcome } | undefined> {
  const outcome: Outcome = { acknowledged: 0, refusals: 0, broken: false }
  let life: Life
  try {
    life = begin(disk, mode, seed, freshHistory, 0)
  } catch (error) {
    if (!/simulated/.test((error as Error).message)) throw error
    return undefined
  }
  life.refused = (error) => {
    if (!/simulated/.test(error.message)) throw error
    outcome.refusals++
  }
  await live(life, 45)
  const { log, history } = life.node
  disk.faults = {}
  for (let i = 0; log.state === 'failing' && i < 3; i++) log.tick(life.node.clock.monotonicMs())
  disk.runLater()
  outcome.broken = log.state !== 'ok'
  outcome.acknowledged = history.acknowledged
  return { life, outcome }
}

for (const code of ['ENOSPC', 'EIO']) {
  test(`${code} at any operation of a life: it goes on or breaks, and nothing acknowledged is lost (seed ${seed})`, async (t) => {
    const whole = new SimulatedDisk()
    const undisturbed = await refusedLife(whole, 'always')
    t.true(undisturbed!.life.bases > 1)
    end(undisturbed!.life)
    const { operations } = whole
    let [refused, broke, wentOn] = [0, 0, 0]
    for (let at = 0; at < operations; at += scale.full ? 2 : 4) {
      const until = at + (at % 2 === 0 ? 1 : 7)
      const disk = new SimulatedDisk({ fail: (_, index) => (index >= at && index < until ? code : undefined) })
      const mode: Mode = at % 4 < 2 ? 'always' : 'everysec'
      const found = await refusedLife(disk, mode)
      disk.faults = {}
      if (found === undefined) {
        refused++
        restart(disk.afterKill(), mode, freshHistory(), 0, at)
        continue
      }
      const { life, outcome } = found
      const { log, history } = life.node
      if (outcome.broken) broke++
      else {
        wentOn++
        t.is(outcome.acknowledged, log.appended, `operation ${at}: all was written in the end`)
      }
      const least = mode === 'everysec' ? log.durable : outcome.acknowledged
      try {
        restart(disk.afterKill(), mode, history, outcome.acknowledged, at)
        restart(disk.afterPowerFailure(at), mode, history, least, at)
      } catch (error) {
        t.fail(`operation ${at}, ${mode}: ${(error as Error).message}`)
      }
      end(life)
    }
    t.true(refused > 0 && broke > 0 && wentOn > broke, `${refused} starts refused, ${broke} logs broken, ${wentOn} went on`)
  })
}
