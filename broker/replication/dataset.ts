// The whole dataset as an RDB file for replicas, in pieces, as it stands in this moment.

import { beginFile, saveNow } from '../../core/checkpoint/rdb-save.ts'
import type { AuxFields } from '../../core/checkpoint/rdb-save.ts'
import type { Engine } from '../../core/engine.ts'

export type DatasetOptions = {
  aux: AuxFields
  /** `rdbchecksum` */
  checksum: boolean
  /** False after REPLCONF rdb-filter-only functions: only libraries are wanted. */
  keys: boolean
}

/** The pieces of the file. */
export function writeDataset(x: Engine, options: DatasetOptions): Buffer[] {
  const pieces: Buffer[] = []
  const keep = (buf: Buffer, from: number, to: number): void => {
    pieces.push(Buffer.from(buf.subarray(from, to)))
  }
  if (options.keys) saveNow(x, keep, options)
  else beginFile(x, keep, options).end()
  return pieces
}
