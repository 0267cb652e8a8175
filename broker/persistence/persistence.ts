// SAVE, BGSAVE, BGREWRITEAOF, and the rules that ask for them: what is in the making, what waits for it, how the last
// one went. How a checkpoint is made is the maker's affair (see live-maker.ts).

import type { CompactPhase } from '../../core/checkpoint/compact.ts'
import type { Appender } from '../../core/log/appender.ts'
import type { Archive } from '../../core/log/archive.ts'
import type { LogFiles } from '../../core/log/log-files.ts'
import type { Broker } from '../broker.ts'
import { brokerGates } from '../gates.ts'
import { prepareLauncher } from '../launcher.ts'
import { launcherReadyBytes, progressReportMs } from '../limits.ts'
import { timeLog } from '../observe.ts'
import { dumpPath, writeDump } from './dump-file.ts'
import { makeDump, makeRewrite } from './live-maker.ts'
import { folds, makeFold } from './log-maker.ts'
import { followAppendonly } from './log-switch.ts'
import { dueRule, rewriteDue } from './save-rules.ts'

export type Kind = 'save' | 'rewrite'

/** How far it is: in the keys of a snapshot, or in the bytes of the phase that a fold is at. */
export type MakingProgress = { phase: CompactPhase | 'snapshot', done: number, total: number }

/** A checkpoint in the making. */
export type Making = {
  /** Resolves when it stands; rejects with why it doesn't. */
  done: Promise<void>
  /** Nothing of it stays, if it doesn't stand yet. */
  abort: () => void
  /** undefined while nobody knows. */
  progress: () => MakingProgress | undefined
}

type Run = { kind: Kind, making: Making, startedMs: number, reportedMs: number, changes: number }

export class Persistence {
  private readonly broker: Broker
  run: Run | undefined
  saveScheduled: boolean
  rewriteScheduled: boolean
  /** Unix ms. */
  lastSaveMs: number
  lastSave: 'ok' | 'err'
  lastSaveSeconds: number
  saves: number
  /** Checkpoints that were begun, for names of their temporary files: one that was given up may still have its own. */
  begun: number
  lastRewrite: 'ok' | 'err'
  lastRewriteSeconds: number
  rewrites: number
  rewriteFailures: number
  /** What the last start or reload took from an RDB file. */
  loadedKeys: number
  expiredKeys: number
  /** Bytes of the log before the segment that grows, and of the whole log after the last rewrite. */
  sealedBytes: number
  rewrittenBytes: number
  /** The log that is open: what appends to it, and its files. */
  appender: Appender | undefined
  files: LogFiles | undefined
  /** Where files of the log go that no longer count; undefined until the first one does. */
  archive: Archive | undefined
  /** The log is being closed. */
  closing: boolean
  private lastTryMs: number
  private savedChanges: number

  constructor(broker: Broker) {
    this.broker = broker
    this.run = undefined
    this.saveScheduled = false
    this.rewriteScheduled = false
    this.lastSaveMs = broker.engine.clock.nowMs()
    this.lastSave = 'ok'
    this.lastSaveSeconds = -1
    this.saves = 0
    this.begun = 0
    this.lastRewrite = 'ok'
    this.lastRewriteSeconds = -1
    this.rewrites = 0
    this.rewriteFailures = 0
    this.loadedKeys = 0
    this.expiredKeys = 0
    this.sealedBytes = 0
    this.rewrittenBytes = 0
    this.appender = undefined
    this.files = undefined
    this.archive = undefined
    this.closing = false
    this.lastTryMs = 0
    this.savedChanges = 0
    broker.config.onChange(['save', 'stop-writes-on-bgsave-error'], () => this.setGate())
    broker.config.onChange(['latency-monitor-threshold'], () => timeLog(broker))
    broker.config.onChange(['appendfsync'], () => this.appender?.setPolicy(broker.config.values.appendfsync))
    broker.config.onChange(['aof-timestamp-enabled'], () => {
      this.appender?.setStamps(broker.config.values.aofTimestampEnabled)
    })
    broker.engine.onEmptied = () => this.emptied()
    broker.config.onChange(['appendonly'], () => void setImmediate(() => followAppendonly(broker)))
  }

  /** What is executed from now on goes to this log, or to none. */
  useLog(appender: Appender | undefined, files: LogFiles | undefined): void {
    const { broker } = this
    this.appender = appender
    this.files = files
    broker.appender = appender
    if (appender !== undefined) {
      broker.engine.log = appender
      appender.onProgress = () => broker.logProgressed()
      timeLog(broker)
    }
    broker.replicas.followLog()
    this.measure()
    this.rewrittenBytes = this.logBytes
  }

  /** What INFO counts of checkpoints begins anew. */
  resetStats(): void {
    this.saves = 0
    this.rewrites = 0
    this.rewriteFailures = 0
  }

  /** Bytes of the log before the segment that grows. */
  measure(): void {
    const sealed = this.files?.sealedBytes
    this.sealedBytes = sealed === undefined ? 0 : sealed.base + sealed.segments
  }

  /** Changes since the last checkpoint. */
  get changes(): number {
    return this.broker.engine.changes - this.savedChanges
  }

  /** What was loaded is no change. */
  loaded(): void {
    this.savedChanges = this.broker.engine.changes
  }

  runs(kind: Kind): boolean {
    return this.run?.kind === kind
  }

  /** Seconds that the checkpoint in the making has taken; -1 when there is none of this kind. */
  currentSeconds(kind: Kind): number {
    const { run } = this
    return run?.kind === kind ? Math.floor((this.broker.engine.clock.nowMs() - run.startedMs) / 1000) : -1
  }

  get progress(): MakingProgress | undefined {
    return this.run?.making.progress()
  }

  /** Writes the dump file at once. False when the disk refused. */
  saveNow(): boolean {
    const { broker } = this
    this.saves++
    try {
      writeDump(broker)
    } catch (error) {
      broker.report('warning', `Error trying to save the DB to ${dumpPath(broker)}: ${(error as Error).message}`)
      this.saveEnded(false, 0)
      return false
    }
    broker.report('notice', 'DB saved on disk')
    this.savedChanges = broker.engine.changes
    this.saveEnded(true, this.savedChanges)
    return true
  }

  /** FLUSHALL: without a log, what it took away must not come back with the dump file that the rules wrote. */
  private emptied(): void {
    const { broker } = this
    if (this.appender !== undefined || broker.config.values.save.length === 0) return
    if (this.runs('save')) this.abort()
    if (broker.engine.grouped) this.saveScheduled = true
    else this.saveNow()
  }

  /** Begins a checkpoint; nothing else may be in the making. */
  begin(kind: Kind): void {
    const { broker } = this
    const { engine } = broker
    if (this.run !== undefined) throw new Error('a checkpoint is in the making already')
    this.begun++
    if (kind === 'save') {
      this.saves++
      this.saveScheduled = false
      this.lastTryMs = engine.clock.nowMs()
    } else {
      this.rewrites++
      this.rewriteScheduled = false
    }
    broker.report('notice', kind === 'save' ? 'Background saving started'
      : 'Background append only file rewriting started')
    const making = this.make(kind)
    const startedMs = engine.clock.nowMs()
    const run: Run = { kind, making, startedMs, reportedMs: startedMs, changes: engine.changes }
    this.run = run
    making.done.then(() => this.ended(run, undefined), (error: unknown) => this.ended(run, error as Error))
  }

  private make(kind: Kind): Making {
    const { broker } = this
    if (folds(broker, kind)) return makeFold(broker, kind)
    return kind === 'save' ? makeDump(broker) : makeRewrite(broker)
  }

  /** Ends what is in the making, and forgets what waits for its end. */
  abort(): void {
    const { run } = this
    if (run === undefined) return
    this.run = undefined
    run.making.abort()
  }

  /** While a fork costs little yet: what folds or reads the log may be wanted at any time. */
  readyLauncher(): void {
    const { config, engine, onRealDisk } = this.broker
    if (onRealDisk && config.values.appendonly && engine.arena.reservedBytes >= launcherReadyBytes) prepareLauncher()
  }

  /** Ten times a second: begins what waits or is due. */
  tick(): void {
    this.readyLauncher()
    const { broker } = this
    if (this.run !== undefined) return this.reportProgress(this.run)
    if (broker.stopping || broker.loading.active) return
    if (this.rewriteScheduled) return this.begin('rewrite')
    if (this.saveScheduled) return this.begin('save')
    const { values } = broker.config
    const nowMs = broker.engine.clock.nowMs()
    const rule = dueRule(values.save, {
      nowMs, lastSaveMs: this.lastSaveMs, lastTryMs: this.lastTryMs, lastFailed: this.lastSave === 'err',
      changes: this.changes,
    })
    if (rule !== undefined) {
      broker.report('notice', `${rule.changes} changes in ${rule.seconds} seconds. Saving...`)
      return this.begin('save')
    }
    if (broker.appender === undefined) return
    const { autoAofRewritePercentage, autoAofRewriteMinSize } = values
    if (rewriteDue(this.logBytes, this.rewrittenBytes, autoAofRewritePercentage, autoAofRewriteMinSize)) {
      broker.report('notice', 'Starting automatic rewriting of AOF')
      this.begin('rewrite')
    }
  }

  /** Bytes of the log that a start would read. */
  get logBytes(): number {
    return this.sealedBytes + (this.broker.appender?.segmentBytes ?? 0)
  }

  private reportProgress(run: Run): void {
    const { broker, progress } = this
    const nowMs = broker.engine.clock.nowMs()
    if (progress === undefined || nowMs - run.reportedMs < progressReportMs) return
    run.reportedMs = nowMs
    broker.report('notice', `checkpoint: ${progress.phase}, ${percentOf(progress).toFixed(0)} %`)
  }

  private ended(run: Run, error: Error | undefined): void {
    if (this.run !== run) return
    const { broker } = this
    this.run = undefined
    const seconds = Math.floor((broker.engine.clock.nowMs() - run.startedMs) / 1000)
    const what = run.kind === 'save' ? 'Background saving' : 'Background AOF rewrite'
    if (error === undefined) broker.report('notice', `${what} terminated with success`)
    else broker.report('warning', `${what} error: ${error.message}`)
    broker.tracer?.checkpoint(run.kind, run.startedMs, error)
    this.measure()
    if (error === undefined) this.rewrittenBytes = this.logBytes
    if (run.kind === 'save') {
      this.lastSaveSeconds = seconds
      this.saveEnded(error === undefined, run.changes)
      return
    }
    this.lastRewriteSeconds = seconds
    this.lastRewrite = error === undefined ? 'ok' : 'err'
    this.rewriteFailures = error === undefined ? 0 : this.rewriteFailures + 1
  }

  private saveEnded(stands: boolean, changes: number): void {
    const nowMs = this.broker.engine.clock.nowMs()
    this.lastSave = stands ? 'ok' : 'err'
    this.lastTryMs = nowMs
    if (stands) {
      this.savedChanges = changes
      this.lastSaveMs = nowMs
    }
    this.setGate()
  }

  /** `stop-writes-on-bgsave-error`: while checkpoints that the rules ask for fail, writes are refused. */
  private setGate(): void {
    const { broker } = this
    const { stopWritesOnBgsaveError, save } = broker.config.values
    const refuses = this.lastSave === 'err' && stopWritesOnBgsaveError && save.length > 0
    if (refuses) broker.gates |= brokerGates.unsaved
    else broker.gates &= ~brokerGates.unsaved
  }
}

export function percentOf({ done, total }: MakingProgress): number {
  return total === 0 ? 0 : (done * 100) / total
}
