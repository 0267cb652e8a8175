// How soon a server answers that starts from a checkpoint: of plain strings, of streams, and of strings with a tail of
// the log behind it. Both servers start from the same files.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { realDisk } from '../../core/disk.ts'
import { writeManifest } from '../../core/log/manifest.ts'
import { writeStreams, writeStrings } from './checkpoint-files.ts'
import { start } from './contestants.ts'
import { fill } from './throughput.ts'

export const recoveries = ['5 M keys', '10 streams of 1 M entries', '1 M keys, and 1 M entries of log'] as const
export type Recovery = (typeof recoveries)[number]

const valueBytes = 32
const baseName = 'appendonly.aof'

/** Makes a data directory in the empty `folder`; `scale` shrinks what there is. */
export async function prepareRecovery(folder: string, recovery: Recovery, scale: number): Promise<void> {
  const place = { folder: path.join(folder, 'appendonlydir'), baseName }
  mkdirSync(place.folder)
  const name = `${baseName}.1.base.rdb`
  const base = path.join(place.folder, name)
  const million = 1_000_000 * scale
  if (recovery === '10 streams of 1 M entries') writeStreams(base, 10, million)
  else writeStrings(base, recovery === '5 M keys' ? 5 * million : million, valueBytes)
  writeManifest(realDisk(), place, { files: [{ name, seq: 1, type: 'b' }] })
  if (recovery !== '1 M keys, and 1 M entries of log') return
  // Our frames are comments to redis-server.
  const ours = await start('ours', { policy: 'everysec', folder })
  await fill(ours.port, million, valueBytes)
  await ours.stop()
}
