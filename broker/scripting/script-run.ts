// One run of a script: who runs it, what it may do, what it did, and the replies that it got.
//
// The replies stand one behind the other in one buffer that is used again by the next script. Keeping them costs
// nothing, and lets a script that takes too long be run again from its start, in the form that can pause: it reads the
// same replies until it stands where it stood.

import type { Reply } from '../../core/reply.ts'
import type { Connection } from '../connection.ts'
import { recordBytesMax, recordClocksMax } from '../limits.ts'
import { scriptFlags, withoutShebang } from './shebang.ts'
import type { JsonConfig } from './json-config.ts'
import { NeedsYielding } from './lua/error.ts'

const keptBytesMax = 1 << 20

export type ScriptRun = {
  readonly kind: 'eval' | 'function'
  /** The script's SHA-1, or the function's name. */
  readonly name: string
  readonly client: Connection
  /** No write command may be called. */
  readonly readOnly: boolean
  /** Commands that need memory are refused until the script has written something. */
  readonly refuseGrowth: boolean
  readonly startedMs: number
  /** Database and protocol that the script has chosen. */
  db: number
  resp: 2 | 3
  /** A write command was called. */
  wrote: boolean
  /** All replies of redis.call; those before `replayed` are read again by a second run, which stands at `at`. */
  readonly record: Reply
  replayed: number
  at: number
  /** It is run for the second time. */
  second: boolean
  /** Bytes of the commands called so far, and of those before the second run: it must call the same ones. */
  calledBytes: number
  calledBefore: number
  /** What os.clock gave, and how many lines redis.log wrote: a second run repeats the ones, leaves out the others. */
  readonly clocks: number[]
  clocksRead: number
  logged: number
  logsLeft: number
  /** cjson's configuration, and where math.random stood, when the script began. */
  readonly json: JsonConfig
  readonly random: number
  /** What SCRIPT KILL or FUNCTION KILL made of it. */
  killed: boolean
}

export type RunOptions = {
  kind: 'eval' | 'function'
  name: string
  client: Connection
  flags: number
  /** The command is one of the `_RO` ones. */
  readOnly: boolean
  record: Reply
  json: JsonConfig
  random: number
}

export function newRun(options: RunOptions): ScriptRun {
  const { kind, name, client, flags, record, json, random } = options
  const { broker } = client
  const shebang = (flags & withoutShebang) === 0
  record.at = 0
  record.resp = 2
  return {
    kind, name, client, record, json, random,
    readOnly: options.readOnly || (shebang && (flags & scriptFlags['no-writes']) !== 0),
    refuseGrowth: !(shebang && (flags & scriptFlags['allow-oom']) !== 0) && broker.gates !== 0 && broker.outOfMemory(),
    startedMs: broker.engine.clock.monotonicMs(),
    db: client.db, resp: 2, wrote: false, replayed: 0, at: 0, second: false, calledBytes: 0,
    calledBefore: 0, clocks: [], clocksRead: 0, logged: 0, logsLeft: 0, killed: false,
  }
}

/** True while a second run reads the replies of the first. */
export function replays(run: ScriptRun): boolean {
  return run.at < run.replayed
}

/** What os.clock gives: in a second run what it gave in the first. */
export function readClock(run: ScriptRun, now: () => number): number {
  if (run.second && run.clocksRead < run.clocks.length) return run.clocks[run.clocksRead++]!
  const seconds = now()
  if (run.second) return seconds
  if (run.clocks.length >= recordClocksMax) throw new NeedsYielding()
  run.clocks.push(seconds)
  return seconds
}

/** Before a call: where its reply will begin. When there are too many to be kept, the second run comes at once. */
export function beginReply(run: ScriptRun): number {
  const { record } = run
  // There is no third run.
  if (run.second) record.at = 0
  else if (record.at > recordBytesMax) throw new NeedsYielding()
  return record.at
}

/**
 * The run begins again, in the form that can pause, with the replies that it got so far. It stays in the database that
 * it had come to, since the SELECT that led there is not run again.
 */
export function rewindRun(run: ScriptRun): void {
  run.second = true
  run.calledBefore = run.calledBytes
  run.calledBytes = 0
  run.replayed = run.record.at
  run.at = 0
  run.clocksRead = 0
  run.logsLeft = run.logged
  run.resp = 2
  run.record.resp = 2
}

/** After a run: a buffer that has grown large isn't kept. */
export function replyBufferKept(run: ScriptRun): void {
  const { record } = run
  record.at = 0
  if (record.buf.length > keptBytesMax) record.buf = Buffer.allocUnsafeSlow(keptBytesMax)
}
