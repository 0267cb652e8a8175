// Where and when `always` syncs, by how long the syncs take.

import test from 'ava'
import { Appender } from '../../../core/log/appender.ts'
import type { SyncPolicy } from '../../../core/log/appender.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { recoverAll } from './workload.ts'

const ping = Buffer.from('*1\r\n$4\r\nPING\r\n')

/** A log whose syncs take `syncMs`, by a clock that moves as much at each look. */
function timedLog(policy: SyncPolicy, syncMs: number): { disk: SimulatedDisk; log: Appender } {
  const disk = new SimulatedDisk()
  const { recovered } = recoverAll(disk)
  let ms = 0
  const monotonicMs = (): number => ms += syncMs
  return { disk, log: new Appender({ disk, end: recovered.end, nextSegment: () => recovered.files.nextSegment(), policy, monotonicMs }) }
}

function writeFrames(log: Appender, count: number): void {
  for (let i = 0; i < count; i++) {
    log.append(0, undefined, ping, 0, ping.length)
    log.seal(i)
  }
}

test('quick syncs are done when the frame is sealed, and an open frame may wait about as long for more', (t) => {
  const { log } = timedLog('always', 0.25)
  writeFrames(log, 50)
  t.is(log.durable, 50)
  t.is(log.gatherMs, 0, 'nothing waits')
  log.append(0, undefined, ping, 0, ping.length)
  t.true(log.gatherMs > 0.2 && log.gatherMs <= 0.25)
  log.seal(50)
  t.is(log.gatherMs, 0)
})

test('slow syncs go beside the loop, and the frame is held open instead', (t) => {
  const { disk, log } = timedLog('always', 20)
  writeFrames(log, 1)
  t.is(log.durable, 1, 'nobody knew yet')
  writeFrames(log, 1)
  t.is(log.durable, 1)
  t.true(log.holding)
  log.append(0, undefined, ping, 0, ping.length)
  t.is(log.gatherMs, 0)
  disk.runLater()
  t.is(log.durable, 2)
})

test('no frame waits where no reply waits for a sync', (t) => {
  for (const policy of ['everysec', 'no'] as const) {
    const { log } = timedLog(policy, 0.25)
    log.append(0, undefined, ping, 0, ping.length)
    t.is(log.gatherMs, 0)
  }
})
