// A disk that says no: full, broken, or taking little at a time.

import test from 'ava'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { openLog, recoverAll, work } from './workload.ts'
import type { Run } from './workload.ts'

const ping = Buffer.from('*1\r\n$4\r\nPING\r\n')

for (const code of ['ENOSPC', 'EIO']) {
  test(`${code} at any write: nothing acknowledged is lost, and the log goes on when the disk does`, (t) => {
    const healthy = new SimulatedDisk()
    work(healthy, 'always', 60, 3, { appended: [], acknowledged: 0 })
    for (let at = 0; at < healthy.operations; at++) {
      for (const length of [1, 4]) {
        const disk = new SimulatedDisk()
        const { log } = openLog(disk, 'always')
        const first = disk.operations
        let writes = 0
        disk.faults = {
          fail: (operation, index) => {
            if (operation !== 'write' && operation !== 'truncate') return undefined
            if (operation === 'write') writes++
            return index >= first + at && index < first + at + length ? code : undefined
          },
        }
        for (let i = 0; i < 60; i++) {
          log.append(0, undefined, ping, 0, ping.length)
          log.seal(i)
          disk.runLater()
          if (log.state === 'failing') {
            t.true(log.written < log.sealed)
            if ((log.failure as Error & { code: string }).code !== code) t.fail('the reason is lost')
            if (recoverAll(disk.afterKill()).entries.length < log.safe) t.fail('acknowledged entries lost')
          }
          log.tick(i * 100)
        }
        for (let i = 0; i < 8; i++) log.tick(10_000 + i)
        disk.runLater()
        if (log.state !== 'ok' || log.safe !== 60) t.fail(`operation ${at}: state ${log.state}, safe ${log.safe}`)
        if (recoverAll(disk.afterPowerFailure(at)).entries.length !== 60) t.fail(`operation ${at}: entries lost`)
        if (writes === 0) t.fail('no write was counted')
      }
    }
    t.pass()
  })
}

test('a failed sync breaks the log: what waited for it is never acknowledged, and later syncs change nothing', (t) => {
  const disk = new SimulatedDisk()
  const { log } = openLog(disk, 'always')
  log.append(0, undefined, ping, 0, ping.length)
  log.seal(1)
  disk.runLater()
  t.is(log.safe, 1)
  disk.faults = { fail: (operation) => (operation === 'sync' ? 'EIO' : undefined) }
  log.append(0, undefined, ping, 0, ping.length)
  log.seal(2)
  disk.runLater()
  t.is(log.state, 'broken')
  disk.faults = {}
  for (let i = 0; i < 5; i++) {
    log.tick(5000 + i * 2000)
    disk.runLater()
  }
  t.is(log.state, 'broken')
  t.is(log.safe, 1)
})

test('short writes are continued', (t) => {
  const disk = new SimulatedDisk({ shortWriteBytes: 7 })
  const run: Run = { appended: [], acknowledged: 0 }
  work(disk, 'everysec', 200, 5, run)
  t.deepEqual(recoverAll(disk.afterKill()).entries, run.appended)
})

async function rotated(stopAt: number | undefined): Promise<{ disk: SimulatedDisk; acknowledged: number }> {
  const disk = new SimulatedDisk(stopAt === undefined ? {} : { stopAt })
  let acknowledged = 0
  try {
    const { log } = openLog(disk, 'always')
    for (let i = 0; i < 3; i++) {
      log.append(0, undefined, ping, 0, ping.length)
      log.seal(i)
      disk.runLater()
      acknowledged = log.safe
      if (log.state !== 'ok') break
      const rotation = log.rotate()
      disk.runLater()
      await rotation
    }
    log.append(0, undefined, ping, 0, ping.length)
    log.seal(9)
    disk.runLater()
    acknowledged = log.safe
  } catch {
    // The machine stopped; what is on the disk is what counts.
  }
  return { disk, acknowledged }
}

test('a rotation at any operation leaves the log whole', async (t) => {
  const whole = await rotated(undefined)
  t.is(whole.acknowledged, 4)
  for (let stopAt = 0; stopAt < whole.disk.operations; stopAt++) {
    const { disk, acknowledged } = await rotated(stopAt)
    const { entries } = recoverAll(disk.afterPowerFailure(stopAt))
    if (entries.length < acknowledged) t.fail(`operation ${stopAt}: ${entries.length} of ${acknowledged} entries`)
  }
})
