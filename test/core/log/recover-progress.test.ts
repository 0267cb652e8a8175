// How far a recovery is: what its steps tell while the checkpoint is loaded, and then the segments behind it.
import test from 'ava'
import { loadBase } from '../../../core/checkpoint/load-base.ts'
import { replaceByStream, saveNow } from '../../../core/checkpoint/rdb-save.ts'
import { writeManifest } from '../../../core/log/manifest.ts'
import { recoverLog } from '../../../core/log/recover.ts'
import type { Progress } from '../../../core/log/recover.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { driver } from '../commands/driver.ts'

const place = { folder: '/log', baseName: 'a.aof' }
const keys = 30_000

test('the bytes of the checkpoint count as they are read', (t) => {
  const source = driver()
  for (let i = 0; i < keys; i++) source.run('SET', `key:${i}`, 'v')
  const disk = new SimulatedDisk()
  const name = `${place.baseName}.1.base.rdb`
  replaceByStream(disk, `${place.folder}/${name}`, (sink) => saveNow(source.engine, sink, { aux: {}, checksum: true }))
  writeManifest(disk, place, { files: [{ name, seq: 1, type: 'b' }] })

  const { engine } = driver()
  engine.replaying = true
  const told: Progress[] = []
  for (const step of recoverLog({
    disk, place, loadTruncated: true, visit: () => {}, loadBase: (file) => loadBase(engine, disk, file, () => {}),
  })) told.push(step)
  t.true(told.length > 1)
  for (const [i, { bytesRead, bytesTotal }] of told.entries()) {
    t.true(bytesRead > (i === 0 ? 0 : told[i - 1]!.bytesRead) && bytesRead <= bytesTotal)
  }
  t.true(told.at(-1)!.bytesRead > disk.size(`${place.folder}/${name}`) / 2)
  t.is(engine.dbs[0]!.count, keys)
})
