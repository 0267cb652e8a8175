// Power failures and kills at every operation of a workload, and torn tails at every byte.

import test from 'ava'
import { PowerFailure, SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { openLog, place, recoverAll, segment, work } from './workload.ts'
import type { Mode, Run } from './workload.ts'

function isPrefix(part: readonly string[], whole: readonly string[]): boolean {
  return part.length <= whole.length && part.every((entry, i) => entry === whole[i])
}

function runUntil(stopAt: number | undefined, policy: Mode, count: number): { disk: SimulatedDisk; run: Run } {
  const disk = new SimulatedDisk(stopAt === undefined ? {} : { stopAt })
  const run: Run = { appended: [], acknowledged: 0 }
  try {
    work(disk, policy, count, 7, run)
  } catch (error) {
    if (!(error instanceof PowerFailure)) throw error
  }
  return { disk, run }
}

for (const policy of ['always', 'always, quick', 'everysec'] as const) {
  test(`after a power failure at any operation, what ${policy} had synced is there, and nothing else but a prefix`, (t) => {
    const operations = runUntil(undefined, policy, 2000).disk.operations
    t.true(operations > 700)
    for (let stopAt = 0; stopAt < operations; stopAt++) {
      const { disk, run } = runUntil(stopAt, policy, 2000)
      const { entries } = recoverAll(disk.afterPowerFailure(stopAt))
      if (!isPrefix(entries, run.appended)) t.fail(`operation ${stopAt}: not a prefix`)
      // Under everysec a reply promises that the OS has it; only `always` promises the medium.
      if (policy !== 'everysec' && entries.length < run.acknowledged) {
        t.fail(`operation ${stopAt}: ${entries.length} entries, ${run.acknowledged} were acknowledged`)
      }
    }
    t.pass()
  })

  test(`after a kill at any operation, everything that ${policy} acknowledged is there`, (t) => {
    const operations = runUntil(undefined, policy, 300).disk.operations
    for (let stopAt = 0; stopAt < operations; stopAt++) {
      const { disk, run } = runUntil(stopAt, policy, 300)
      const { entries } = recoverAll(disk.afterKill())
      if (!isPrefix(entries, run.appended)) t.fail(`operation ${stopAt}: not a prefix`)
      if (entries.length < run.acknowledged) t.fail(`operation ${stopAt}: lost what was acknowledged`)
    }
    t.pass()
  })
}

test('what a killed process left unsynced, its name too, is durable once it was recovered', (t) => {
  const operations = runUntil(undefined, 'everysec', 60).disk.operations
  for (let stopAt = 0; stopAt < operations; stopAt++) {
    const found = runUntil(stopAt, 'everysec', 60).disk.afterKill()
    const { entries } = recoverAll(found)
    for (let seed = 0; seed < 4; seed++) {
      const again = recoverAll(found.afterPowerFailure(seed)).entries
      if (again.length !== entries.length) t.fail(`operation ${stopAt}: ${again.length} of ${entries.length} entries`)
    }
  }
  t.true(operations > 20)
})

test('a log torn at any byte recovers to its whole frames, keeps the cut bytes, and can be appended to', (t) => {
  const { disk, run } = runUntil(undefined, 'always', 40)
  const content = disk.content(segment)
  let shortest = run.appended.length
  for (let bytes = content.length; bytes >= 0; bytes--) {
    const torn = new SimulatedDisk()
    torn.place(segment, content.subarray(0, bytes))
    torn.place(`${place.folder}/${place.baseName}.manifest`, Buffer.from('file appendonly.aof.1.incr.aof seq 1 type i\n'))
    const { log, entries } = openLog(torn, 'always')
    if (!isPrefix(entries, run.appended) || entries.length > shortest) t.fail(`${bytes} bytes: not a shrinking prefix`)
    shortest = entries.length
    const kept = torn.list(place.folder).find((name) => name.includes('.torn-'))
    const whole = torn.content(segment).length
    if (whole + (kept === undefined ? 0 : torn.content(`${place.folder}/${kept}`).length) !== bytes) {
      t.fail(`${bytes} bytes: the cut bytes are gone`)
    }
    log.append(0, undefined, Buffer.from('*1\r\n$4\r\nPING\r\n'), 0, 14)
    log.seal(1_800_000_000_000)
    torn.runLater()
    const again = recoverAll(torn.afterPowerFailure(bytes))
    if (again.entries.at(-1) !== '0 PING' || again.entries.length !== entries.length + 1) t.fail(`${bytes} bytes: append lost`)
  }
  t.is(shortest, 0)
})

test('aof-load-truncated no refuses a torn tail and names it', (t) => {
  const { disk } = runUntil(undefined, 'always', 10)
  const torn = disk.afterKill()
  torn.place(segment, disk.content(segment).subarray(0, -3))
  const error = t.throws(() => recoverAll(torn, false), { code: 'LOG_TRUNCATED' })
  t.regex(error.message, /appendonly\.aof\.1\.incr\.aof at byte \d+ \(position \d+\)/)
})

test('any single flipped bit of a log is refused, with its place named', (t) => {
  const { disk } = runUntil(undefined, 'always', 30)
  const content = disk.content(segment)
  for (let bit = 0; bit < content.length * 8; bit++) {
    const flipped = disk.afterKill()
    const damaged = Buffer.from(content)
    damaged[bit >>> 3] = damaged[bit >>> 3]! ^ (1 << (bit & 7))
    flipped.place(segment, damaged)
    try {
      recoverAll(flipped)
      t.fail(`bit ${bit} was not noticed`)
    } catch (error) {
      const { code, message } = error as Error & { code: string }
      if (code !== 'LOG_DAMAGED') t.fail(`bit ${bit}: ${code} ${message}`)
      const offset = Number(/at byte (\d+) \(position \d+\)/.exec(message)?.[1])
      if (!(offset <= bit >>> 3)) t.fail(`bit ${bit}: named byte ${offset}`)
    }
  }
  t.pass()
})
