// The disk refuses any one operation of a run with rotations, checkpoints, archive and retention. What fails is given
// up, as the broker does, and the run goes on: nothing acknowledged is lost, and recovery can still fall back.
import test from 'ava'
import { writeAll } from '../../../core/disk.ts'
import { Appender } from '../../../core/log/appender.ts'
import { Archive } from '../../../core/log/archive.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { archiveFolder, baseOf, drain, open, spoil } from './archive-workload.ts'

type Outcome = { acknowledged: string[]; appended: string[]; broken: boolean; faults: number }

/** Runs a step that the broker would report and go on without. */
async function attempt(outcome: Outcome, step: () => unknown): Promise<boolean> {
  try {
    await step()
    return true
  } catch (error) {
    if (!/simulated/.test((error as Error).message)) throw error
    outcome.faults++
    return false
  }
}

/** Five checkpoints with writes between them, on a disk that may refuse. */
async function run(disk: SimulatedDisk, outcome: Outcome): Promise<void> {
  const { recovered, entries } = open(disk)
  const { files } = recovered
  const log = new Appender({ disk, end: recovered.end, policy: 'always', nextSegment: () => files.nextSegment(), monotonicMs: () => 0 })
  for (let i = 0; i < 20; i++) {
    const word = `e${i}`
    const text = Buffer.from(`*2\r\n$4\r\nECHO\r\n$${word.length}\r\n${word}\r\n`)
    log.append(0, undefined, text, 0, text.length)
    log.seal(1000 + i)
    entries.push(word)
    outcome.appended.push(word)
    for (let tick = 0; log.state === 'failing' && tick < 4; tick++) {
      outcome.faults++
      log.tick(i)
    }
    outcome.acknowledged = outcome.appended.slice(0, log.safe)
    if (log.state !== 'ok') {
      outcome.faults++
      outcome.broken = true
      return
    }
    if (i % 4 !== 3) continue
    await attempt(outcome, async () => {
      const covered = files.segments.at(-1)!.seq
      const position = await log.rotate()
      const base = baseOf(entries.slice(0, position))
      const fd = disk.openAppend(files.temporaryBase())
      disk.truncate(fd, 0)
      writeAll(disk, fd, base, 0, base.length, 0)
      disk.sync(fd)
      disk.close(fd)
      const former = files.installBase(files.temporaryBase(), covered)
      const archive = new Archive(disk, archiveFolder)
      archive.settle()
      drain(archive.adopt(former, position + 1))
      archive.retain(i === 19 ? 150 : 10_000, 0)
    })
  }
  await log.close()
}

async function attempted(disk: SimulatedDisk): Promise<Outcome> {
  const outcome: Outcome = { acknowledged: [], appended: [], broken: false, faults: 0 }
  if (!await attempt(outcome, () => run(disk, outcome))) outcome.broken = true
  return outcome
}

for (const code of ['ENOSPC', 'EIO']) {
  test(`${code} at any one operation loses nothing acknowledged, and the checkpoint before the newest still serves`, async (t) => {
    const whole = new SimulatedDisk()
    t.is((await attempted(whole)).acknowledged.length, 20)
    const { operations } = whole
    t.true(operations > 100)
    let fallenBack = 0
    for (let at = 0; at < operations; at++) {
      const disk = new SimulatedDisk({ fail: (_, index) => (index === at ? code : undefined) })
      const outcome = await attempted(disk)
      t.true(outcome.faults > 0, `operation ${at} was reported`)
      disk.faults = {}
      for (const after of [disk.afterKill(), disk.afterPowerFailure(at)]) {
        const { entries, recovered } = open(after)
        t.deepEqual(entries.slice(0, outcome.acknowledged.length), outcome.acknowledged, `operation ${at}`)
        t.deepEqual(entries, outcome.appended.slice(0, entries.length), `operation ${at}`)
        const archive = new Archive(after, archiveFolder)
        archive.settle()
        drain(archive.adopt(recovered.former, recovered.formerUntil))
        if (outcome.broken || archive.files.every((file) => file.type === 'i')) continue
        fallenBack++
        spoil(after, 'damaged')
        const back = open(after)
        t.deepEqual(back.entries, entries, `operation ${at}: fallen back`)
        t.is(back.fallenBack.length, 1, `operation ${at}`)
      }
    }
    t.true(fallenBack > operations)
  })
}
