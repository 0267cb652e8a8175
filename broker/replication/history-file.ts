// What a graceful stop leaves for the next start, so that replicas may go on where they were: which history they have,
// how far, and at which position of the log that was. It is good for one start, and only when the log still ends there:
// after a crash nobody knows what replicas were sent beside the log's effects, and they get the whole dataset.
//
//   millrace-replication 1 <replid> <offset> <position> <database of the stream>\n

import path from 'node:path'
import { readFile, replaceFile } from '../../core/disk.ts'
import type { Broker } from '../broker.ts'

const pattern = /^millrace-replication 1 ([0-9a-f]{40}) (\d{1,15}) (\d{1,15}) (\d{1,9})\n$/

export type History = { replid: string, offset: number, position: number, db: number }

function fileOf(b: Broker): string {
  return path.join(b.config.values.dir, 'replication.history')
}

/** Leaves the history as it stands; does nothing when there is no stream, or no log to find the place by. */
export function keepHistory(b: Broker): void {
  const { replication, engine } = b
  if (!b.config.values.appendonly || replication.backlog === undefined) return
  if (engine.log.state !== 'ok' || engine.log.durable !== engine.log.appended) return
  const line = `millrace-replication 1 ${replication.replid} ${replication.masterReplOffset} ${engine.log.appended}`
    + ` ${b.following.streamDb}\n`
  replaceFile(b.disk, fileOf(b), Buffer.from(line, 'latin1'))
}

/** Takes the history that the last stop left, which is gone then; undefined when there is none that is good. */
export function takeHistory(b: Broker): History | undefined {
  if (!b.config.values.appendonly) return undefined
  const { disk } = b
  const file = fileOf(b)
  if (disk.size(file) < 0) return undefined
  const match = pattern.exec(readFile(disk, file).toString('latin1'))
  disk.unlink(file)
  disk.syncFolder(b.config.values.dir)
  if (match === null) return undefined
  const position = Number(match[3])
  if (position !== b.engine.log.sealed) return undefined
  return { replid: match[1]!, offset: Number(match[2]), position, db: Number(match[4]) }
}
