// What the next start finds of where we stood in replication.
//
// A graceful stop leaves a file, so that replicas may go on where they were: which history they have, how far, and at
// which position of the log that was. It is good for one start, and only when the log still ends there: after a crash
// nobody knows what replicas were sent beside the log's effects, and they get the whole dataset.
//
//   millrace-replication 1 <replid> <offset> <position> <database of the stream>\n
//
// A replica notes in its log how far in the master's stream each frame leads: it goes on there also after a crash.

import path from 'node:path'
import { readFile, replaceFile } from '../../core/disk.ts'
import type { Broker } from '../broker.ts'

const notePattern = /^#repl id=([0-9a-f]{40}) offset=(\d{1,15}) db=(\d{1,9})$/
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

/** The line for the log that says where we stand in the master's stream; `db`: the database that it is at. */
export function placeLine(b: Broker, db: number): Buffer {
  const { replid, masterReplOffset } = b.replication
  return Buffer.from(`#repl id=${replid} offset=${masterReplOffset} db=${db}\r\n`, 'latin1')
}

/** Where the log ends in a master's stream, if it tells so. */
function noted(b: Broker): History | undefined {
  const match = notePattern.exec(b.replication.logged)
  if (match === null) return undefined
  return { replid: match[1]!, offset: Number(match[2]), position: b.engine.log.sealed, db: Number(match[3]) }
}

/** Takes the history that the last stop left, which is gone then; undefined when there is none that is good. */
export function takeHistory(b: Broker): History | undefined {
  if (!b.config.values.appendonly) return undefined
  const { disk } = b
  const file = fileOf(b)
  if (disk.size(file) < 0) return noted(b)
  const match = pattern.exec(readFile(disk, file).toString('latin1'))
  disk.unlink(file)
  disk.syncFolder(b.config.values.dir)
  const position = Number(match?.[3])
  if (match === null || position !== b.engine.log.sealed) return noted(b)
  return { replid: match[1]!, offset: Number(match[2]), position, db: Number(match[4]) }
}
