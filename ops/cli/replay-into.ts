// `millrace replay --into`: the log's effects, one after the other, to where others take them.

import type { CommandTable } from '../../core/commands/command-table.ts'
import { MillraceError } from '../../core/errors.ts'
import { keptEntries, keptStart } from '../../core/history/kept-entries.ts'
import type { KeptStart } from '../../core/history/kept-entries.ts'
import { idText, isBefore, positionOf } from '../../core/history/moment.ts'
import type { Moment } from '../../core/history/moment.ts'
import { historyFiles } from '../../core/log/history-files.ts'
import type { LogPlace } from '../../core/log/manifest.ts'
import type { Entry } from '../../core/log/reader.ts'
import type { Command } from '../../broker/command.ts'
import { createCommands } from '../../broker/commands/table.ts'
import { breathe } from './drive.ts'
import { renderEvent } from './event.ts'
import { foldLog, whileFilesStay } from './fold.ts'
import { NatsTarget } from './nats-target.ts'
import { findLog } from './place.ts'
import { RedisTarget } from './redis-target.ts'
import type { Sent, Target } from './replay-target.ts'
import { entryMatches, isFrom, keysOf } from './selection.ts'
import type { Selection } from './selection.ts'
import { openSink } from './sink.ts'
import { stateCommands } from './state.ts'
import { exits, UsageError } from './verb.ts'
import type { ExitCode, Given, Io } from './verb.ts'

/** How long a pause of `--rate` takes at most before signals are looked for. */
const pauseMsMax = 100
/** Keys of a state that are sent between two looks for signals. */
const keysPerLook = 256

export async function replayInto(given: Given, io: Io, into: string, selection: Selection): Promise<ExitCode> {
  const rate = rateOf(given)
  const place = findLog(io.disk, given.positionals[0]!)
  const start = await whileFilesStay(async () => keptStart(io.disk, historyFiles(io.disk, place)))
  const sendsState = given.flag('state')
  if (!sendsState) refuseGap(start, selection.from)
  const target = await openTarget(given, io, into)
  try {
    const from = sendsState ? await sendState(io, place, selection, start, target) : selection.from
    const first = positionOf(from) ?? start.position
    const count = await sendAll(io, place, first, { ...selection, from }, rate, target)
    await target.finish()
    io.output.note({ type: 'summary', into, entries: count, position: Math.max(0, target.taken) },
      `${count} entries sent${target.taken > 0 ? `, up to position ${target.taken}` : ''}`)
    return exits.whole
  } catch (error) {
    if (target.taken > 0) {
      io.output.note({ type: 'stopped', into, position: target.taken },
        `sent up to position ${target.taken}: --from ${target.taken + 1} goes on`)
    }
    if (!(error instanceof MillraceError) || error.code !== 'TARGET_REFUSED') throw error
    io.output.result({ type: 'refused', message: error.message }, error.message)
    return exits.findings
  } finally {
    target.close()
  }
}

/** Throws BEFORE_HISTORY unless entries are kept from the very first one, or from there, on. */
function refuseGap({ position, ms, base, isWhole }: KeptStart, from: Moment | undefined): void {
  if (from === undefined ? isWhole : position === 1 || isBefore(from, position - 1, ms)) return
  const kept = `the log is kept from ${idText(ms, position)} on`
  if (from !== undefined) throw new MillraceError('BEFORE_HISTORY', kept)
  const reason = position > 1 ? ', not from its first entry' : `, and ${base!.file} holds what no entry tells of`
  throw new MillraceError('BEFORE_HISTORY', `${kept}${reason}: give --from or --state`)
}

/** Sends what was there before the first entry that is sent; returns where that is. */
async function sendState(
  io: Io, place: LogPlace, selection: Selection, start: KeptStart, target: Target,
): Promise<Moment> {
  if (!(target instanceof RedisTarget)) throw new UsageError('--state goes with --into redis://… only')
  const from = selection.from ?? { position: (start.base?.position ?? start.position - 1) + 1 }
  const before = 'position' in from ? { ...from, position: from.position - 1 } : { ms: from.ms - 1 }
  const engine = await foldLog(io, place, before)
  let keys = 0
  for (const { db, isKey, bytes } of stateCommands(engine, selection)) {
    await target.sendOther(db, bytes)
    if (!isKey) continue
    keys++
    io.progress.show('sending', 'keys', keys, 0)
    if (keys % keysPerLook === 0) await breathe(io)
  }
  await target.finish()
  io.output.note({ type: 'state', keys }, `${keys} keys sent`)
  return from
}

async function openTarget(given: Given, io: Io, into: string): Promise<Target> {
  if (into === 'ndjson') {
    const file = given.text('output') ?? '-'
    if (given.text('pipeline') !== undefined) throw new UsageError('--pipeline does not go with --into ndjson')
    io.output.aside = file === '-'
    return ndjsonTarget(io, file)
  }
  if (given.text('output') !== undefined) throw new UsageError('--output goes with --into ndjson only')
  if (/^rediss?:\/\//.test(into)) return RedisTarget.open(io, into, pipelineOf(given))
  if (into.startsWith('nats://')) return NatsTarget.open(into, pipelineOf(given))
  throw new UsageError(`--into takes redis://…, rediss://…, nats://host/subject or ndjson, not '${into}'`)
}

function ndjsonTarget(io: Io, file: string): Target {
  const sink = openSink(io.disk, file)
  let taken = -1
  let finished = false
  return {
    // A file is there as a whole or not at all.
    get taken() {
      return file === '-' || finished ? taken : -1
    },
    async send({ event, position }) {
      sink.write(Buffer.from(`${JSON.stringify(event)}\n`))
      taken = position
      await sink.ready()
    },
    frameEnded() {},
    async finish() {
      await sink.finish()
      finished = true
    },
    close() {
      if (!finished) sink.abandon()
    },
  }
}

async function sendAll(
  io: Io, place: LogPlace, first: number, selection: Selection, rate: number, target: Target,
): Promise<number> {
  const commands = createCommands()
  const { from, until } = selection
  const pace = new Pace(io, rate)
  const queue: Sent[] = []
  const visit = (entry: Entry, ms: number): void => {
    if (!isFrom(from, entry.position, ms)) return
    const sent = wanted(commands, selection, entry)
    if (sent !== undefined) queue.push(sent)
  }
  const steps = keptEntries({ disk: io.disk, place, from: first, until, visit })
  let count = 0
  try {
    for (let step = steps.next(); step.done !== true; step = steps.next()) {
      for (const sent of queue) {
        await pace.next()
        await target.send(sent)
        count++
      }
      queue.length = 0
      target.frameEnded()
      io.progress.show('sending', step.value.file, step.value.bytesRead, step.value.bytes)
      await breathe(io)
    }
  } finally {
    steps.return(undefined as never)
  }
  return count
}

function wanted(commands: CommandTable<Command>, selection: Selection, entry: Entry): Sent | undefined {
  const keys = keysOf(commands, entry)
  if (!entryMatches(selection, entry, keys)) return undefined
  const { position, ms, db, transactionFrom, args } = entry
  const command = Buffer.from(args.buf.subarray(args.rawStart, args.rawEnd))
  return { position, ms, db, transactionFrom, command, event: renderEvent(entry, keys) }
}

function rateOf(given: Given): number {
  const text = given.text('rate')
  if (text === undefined) return Infinity
  const rate = Number(text)
  if (!(rate > 0)) throw new UsageError(`--rate takes entries a second, not '${text}'`)
  return rate
}

function pipelineOf(given: Given): number {
  const text = given.text('pipeline') ?? '1'
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--pipeline takes a number from 1 on, not '${text}'`)
  return Number(text)
}

/** Lets no more entries pass than the rate says. */
class Pace {
  private readonly io: Io
  private readonly rate: number
  private readonly beganMs: number
  private passed: number

  constructor(io: Io, rate: number) {
    this.io = io
    this.rate = rate
    this.beganMs = io.clock.monotonicMs()
    this.passed = 0
  }

  async next(): Promise<void> {
    if (this.rate === Infinity) return
    const dueMs = this.beganMs + (this.passed++ * 1000) / this.rate
    for (let left = dueMs - this.io.clock.monotonicMs(); left > 0; left = dueMs - this.io.clock.monotonicMs()) {
      await new Promise((resolve) => void setTimeout(resolve, Math.min(left, pauseMsMax)))
      await breathe(this.io)
    }
  }
}
