// From a data directory to an engine that stands where its log ends.

import path from 'node:path'
import { loadBase } from '../core/checkpoint/rdb-load.ts'
import { realDisk } from '../core/disk.ts'
import type { Disk } from '../core/disk.ts'
import type { Engine } from '../core/engine.ts'
import { MillraceError } from '../core/errors.ts'
import { Appender } from '../core/log/appender.ts'
import type { Entry } from '../core/log/reader.ts'
import { recoverLog } from '../core/log/recover.ts'
import type { Recovered } from '../core/log/recover.ts'
import { Reply } from '../core/reply.ts'
import { systemSession } from '../core/session.ts'
import type { Broker } from './broker.ts'
import type { CommandTable } from '../core/commands/command-table.ts'
import type { Command } from './command.ts'

/** How long a load may hold the event loop before clients are told that it goes on. */
const sliceMsMax = 20

/** Writes the configuration's values where the engine reads them, now and at each CONFIG SET. */
export function linkSettings(b: Broker): void {
  const { values } = b.config
  const { settings } = b.engine
  const apply = (): void => {
    settings.stringBytesMax = values.protoMaxBulkLen
    settings.streamNodeBytesMax = values.streamNodeMaxBytes
    settings.streamNodeEntriesMax = values.streamNodeMaxEntries
    settings.hashPackEntriesMax = values.hashMaxListpackEntries
    settings.hashPackValueBytesMax = values.hashMaxListpackValue
    settings.setIntsetEntriesMax = values.setMaxIntsetEntries
    settings.setPackEntriesMax = values.setMaxListpackEntries
    settings.setPackValueBytesMax = values.setMaxListpackValue
    settings.zsetPackEntriesMax = values.zsetMaxListpackEntries
    settings.zsetPackValueBytesMax = values.zsetMaxListpackValue
    settings.listPackSize = values.listMaxListpackSize
    settings.listCompressDepth = values.listCompressDepth
    settings.hllSparseBytesMax = values.hllSparseMaxBytes
    settings.compressesRdb = values.rdbcompression
    settings.lazyUserFlush = values.lazyfreeLazyUserFlush
    settings.lazyUserDelete = values.lazyfreeLazyUserDel
    settings.memoryBytesMax = values.maxmemory
    settings.memorySamples = values.maxmemorySamples
    settings.evictionTenacity = values.maxmemoryEvictionTenacity
    settings.lazyEviction = values.lazyfreeLazyEviction
    settings.lfuLogFactor = values.lfuLogFactor
    settings.lfuDecayMinutes = values.lfuDecayTime
    b.engine.setMemoryPolicy(values.maxmemoryPolicy)
    b.setMemoryGate(values.maxmemory > 0)
  }
  apply()
  b.config.onChange([
    'proto-max-bulk-len', 'stream-node-max-bytes', 'stream-node-max-entries', 'lazyfree-lazy-user-flush',
    'lazyfree-lazy-user-del', 'maxmemory', 'maxmemory-policy', 'hash-max-listpack-entries', 'hash-max-listpack-value',
    'set-max-intset-entries', 'set-max-listpack-entries', 'set-max-listpack-value', 'zset-max-listpack-entries',
    'zset-max-listpack-value', 'list-max-listpack-size', 'list-compress-depth', 'hll-sparse-max-bytes',
    'rdbcompression',
    'maxmemory-samples', 'maxmemory-eviction-tenacity', 'lazyfree-lazy-eviction', 'lfu-log-factor', 'lfu-decay-time',
  ], apply)
  b.config.onChange(['maxmemory', 'maxmemory-policy'], () => {
    b.memory.changed()
    b.openTurn()
  })
}

/** Folds the log of the data directory, turn by turn so that clients hear LOADING, and opens it for appending. */
export async function openLog(b: Broker, disk: Disk = realDisk()): Promise<Appender | undefined> {
  const { values } = b.config
  if (!values.appendonly) return undefined
  const folder = path.join(values.dir, values.appenddirname)
  const began = b.engine.clock.monotonicMs()
  const visit = replayer(b.engine, b.commands)
  b.engine.replaying = true
  const steps = recoverLog({
    disk, place: { folder, baseName: values.appendfilename }, loadTruncated: values.aofLoadTruncated, visit,
    loadBase: (file) => loadBase(b.engine, disk, file),
  })
  const recovered = await inSlices(b, steps)
  b.engine.replaying = false
  b.engine.setNow(Math.max(b.engine.now, b.engine.clock.nowMs()))
  if (recovered.cut !== undefined) {
    const { cut } = recovered
    b.report('warning', `the log's tail was torn: ${cut.bytes} bytes of ${cut.file} behind position ${cut.position} `
      + `(${cut.reason}) were cut off and are kept in ${cut.kept}`)
  }
  const seconds = ((b.engine.clock.monotonicMs() - began) / 1000).toFixed(3)
  b.report('notice', `log folded: ${recovered.entries} entries in ${recovered.frames} frames, ${seconds} seconds`)
  const appender = new Appender({
    disk, end: recovered.end, policy: values.appendfsync, nextSegment: () => recovered.files.nextSegment(),
    monotonicMs: () => b.engine.clock.monotonicMs(),
  })
  b.config.onChange(['appendfsync'], () => appender.setPolicy(values.appendfsync))
  b.engine.log = appender
  return appender
}

/** Runs logged effects through the handlers that made them. */
export function replayer(x: Engine, commands: CommandTable<Command>): (entry: Entry) => void {
  const session = systemSession()
  const reply = new Reply()
  return (entry) => {
    const { args } = entry
    const command = commands.find(args.buf, args.start[0]!, args.end[0]!)
    const found = command?.subcommands === undefined || args.count === 1
      ? command
      : command.subcommands.find(args.buf, args.start[1]!, args.end[1]!)
    if (found?.run === undefined) {
      throw new MillraceError('LOG_COMMAND', `position ${entry.position} of the log holds an unknown command `
        + `'${args.text(0)}'`)
    }
    session.db = entry.db
    if (entry.ms > 0) x.setNow(entry.ms)
    reply.at = 0
    reply.lastError = ''
    x.execute(found, args, reply, session)
    x.block = undefined
    if (reply.lastError !== '') {
      throw new MillraceError('LOG_COMMAND', `position ${entry.position} of the log (${args.text(0)}) does not fold: `
        + reply.lastError)
    }
  }
}

async function inSlices(b: Broker, steps: Generator<unknown, Recovered, void>): Promise<Recovered> {
  for (;;) {
    const until = b.engine.clock.monotonicMs() + sliceMsMax
    do {
      const step = steps.next()
      if (step.done === true) return step.value
    } while (b.engine.clock.monotonicMs() < until)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
