// FUNCTION DUMP's value: what an RDB file holds of the libraries, `┌ 245 │ source as a string ┐` for each, and the
// footer of dumped values (core/checkpoint/dump.ts).

import { payloadEnd, sealPayload } from '../../core/checkpoint/dump.ts'
import { RdbError, rdbOpcodes, rdbVersionPlain } from '../../core/checkpoint/rdb-format.ts'
import { RdbInput } from '../../core/checkpoint/rdb-input.ts'
import { RdbOutput } from '../../core/checkpoint/rdb-output.ts'
import { stringBytesMax } from '../../core/limits.ts'

export function dumpLibraries(sources: Iterable<string>): Buffer {
  const out = new RdbOutput(true)
  for (const source of sources) {
    const bytes = Buffer.from(source, 'latin1')
    out.byte(rdbOpcodes.library)
    out.string(bytes, 0, bytes.length)
  }
  return sealPayload(out, rdbVersionPlain)
}

/** The sources in a dump; 'checksum' when its footer is wrong, 'format' when what stands before it is. */
export function readDump(dump: Buffer): string[] | 'checksum' | 'format' {
  const end = payloadEnd(dump, 0, dump.length)
  if (end < 0) return 'checksum'
  const input = new RdbInput(dump, 0, end, stringBytesMax)
  const sources: string[] = []
  try {
    while (input.at < end) {
      if (input.byte() !== rdbOpcodes.library) return 'format'
      sources.push(input.copy().toString('latin1'))
    }
  } catch (error) {
    if (error instanceof RdbError) return 'format'
    throw error
  }
  return sources
}
