// A small workload over the log: numbered entries, sealed in turns, and what each crash must leave of them.

import path from 'node:path'
import { Appender } from '../../../core/log/appender.ts'
import type { SyncPolicy } from '../../../core/log/appender.ts'
import { recoverLog } from '../../../core/log/recover.ts'
import type { Recovered } from '../../../core/log/recover.ts'
import { seededRandom } from '../../../core/random.ts'
import type { SimulatedDisk } from '../../simulation/simulated-disk.ts'

export const place = { folder: '/data/appendonlydir', baseName: 'appendonly.aof' }
export const segment = path.join(place.folder, 'appendonly.aof.1.incr.aof')

/** Recovers to the end; the entries come as their words joined by blanks. */
export function recoverAll(disk: SimulatedDisk, loadTruncated = true): { recovered: Recovered; entries: string[] } {
  const entries: string[] = []
  const steps = recoverLog({
    disk,
    place,
    loadTruncated,
    visit: (entry) => {
      const words: string[] = []
      for (let i = 0; i < entry.args.count; i++) words.push(entry.args.text(i))
      entries.push(`${entry.db} ${words.join(' ')}`)
    },
  })
  for (;;) {
    const step = steps.next()
    if (step.done === true) return { recovered: step.value, entries }
  }
}

/** `always, quick`: the syncs are so quick that they run on the thread. */
export type Mode = SyncPolicy | 'always, quick'

export function openLog(disk: SimulatedDisk, mode: Mode): { log: Appender; entries: string[] } {
  const { recovered, entries } = recoverAll(disk)
  const quick = mode === 'always, quick' ? { policy: 'always' as const, monotonicMs: () => 0 } : { policy: mode }
  const log = new Appender({ disk, end: recovered.end, nextSegment: () => recovered.files.nextSegment(), ...quick })
  return { log, entries }
}

export type Run = {
  /** Every entry that was appended to a sealed frame, in order. */
  appended: string[]
  /** How many of them were safe to acknowledge, at the last moment. */
  acknowledged: number
}

/** Appends `count` entries in turns of 1 to 5; `run` is kept up to date for when the machine stops. */
export function work(disk: SimulatedDisk, mode: Mode, count: number, seed: number, run: Run): void {
  const random = seededRandom(seed)
  const { log } = openLog(disk, mode)
  const authors = [undefined, Buffer.from('#by client=1 user=a addr=x:1\r\n'), Buffer.from('#by client=2 user=b addr=x:2\r\n')]
  let made = 0
  for (let turn = 0; made < count; turn++) {
    const open: string[] = []
    const transaction = random.u32() % 10 === 0
    const size = 1 + (random.u32() % 5)
    for (let i = 0; i < size && made < count; i++, made++) {
      const db = random.u32() % 20 === 0 ? 3 : 0
      const by = authors[random.u32() % 3]
      if (transaction && i === 0) log.multi(db, by)
      log.beginCommand(db, by, 3)
      log.wordText('SET')
      log.wordText(`key:${made}`)
      const value = 'v'.repeat(random.u32() % 50)
      log.wordText(value)
      log.endCommand()
      open.push(`${db} SET key:${made} ${value}`)
    }
    if (transaction) log.exec()
    run.appended.push(...open)
    log.seal(1_700_000_000_000 + turn)
    run.acknowledged = log.safe
    if (random.u32() % 3 === 0) disk.runLater()
    log.tick(turn * 300)
    run.acknowledged = log.safe
  }
  disk.runLater()
  run.acknowledged = log.safe
}
