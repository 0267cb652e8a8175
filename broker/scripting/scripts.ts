// Scripts and functions of one broker: the cache, the interpreters, and one run after the other.

import { replies } from '../../core/errors.ts'
import type { Args } from '../../core/args.ts'
import type { Reply } from '../../core/reply.ts'
import type { Broker } from '../broker.ts'
import type { Connection } from '../connection.ts'
import { flagBits } from '../command.ts'
import type { Command } from '../command.ts'
import { brokerGates } from '../gates.ts'
import { diskGates, diskRefusal } from '../persistence/disk-refusal.ts'
import { BusyScript } from './busy-script.ts'
import { errorReplyText, isCounted } from './error-message.ts'
import { FunctionInterpreter } from './function-interpreter.ts'
import { bindFunctions, Functions } from './functions.ts'
import { ScriptHost } from './host.ts'
import { jsonDefaults } from './json-config.ts'
import { JsonLibrary } from './json.ts'
import type { LibraryFunction } from './library-load.ts'
import { compile } from './lua/compile.ts'
import type { LuaChunk } from './lua/compile.ts'
import { meter } from './lua/call.ts'
import { Kill, LuaError, NeedsYielding } from './lua/error.ts'
import type { LuaState } from './lua/state.ts'
import { LuaTable } from './lua/table.ts'
import { random } from './lua/math.ts'
import { none } from './lua/value.ts'
import type { LuaFunction, LuaValue } from './lua/value.ts'
import { Pace } from './pace.ts'
import type { Steps } from './pace.ts'
import { newState } from './sandbox.ts'
import { ScriptCache, sha1Hex } from './script-cache.ts'
import type { Script } from './script-cache.ts'
import { newRun, replyBufferKept, rewindRun } from './script-run.ts'
import type { ScriptRun } from './script-run.ts'
import { BadShebang, readScript, scriptFlags, withoutShebang } from './shebang.ts'
import { textOf } from './text-cache.ts'
import { writeValue } from './value-reply.ts'

/** What is called, in which interpreter; made anew for the second form. */
export type Start = { state: LuaState, main: LuaFunction, values: readonly LuaValue[] }
export type Work = { run: ScriptRun, begin: (yielding: boolean, a: Args) => Start }

const readOnlyRefused = 'ERR Can not execute a script with write flag using *_ro command.'
const noMemory = `OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'`
/** A script's time is up: it goes on with these steps, or is begun again. */
class Suspended {
  readonly steps: Steps | undefined

  constructor(steps: Steps | undefined) {
    this.steps = steps
  }
}

/** Thrown to unwind a script that has run for too long. */
const slow = new Kill('slow')

export class Scripts {
  readonly broker: Broker
  readonly cache: ScriptCache
  readonly host: ScriptHost
  readonly json: JsonLibrary
  readonly functions: Functions
  readonly noScript: string
  /** The script that others are told of by BUSY. */
  busy: BusyScript | undefined
  private readonly evalStates: { plain: LuaState | undefined, yielding: LuaState | undefined }

  constructor(broker: Broker) {
    this.broker = broker
    this.cache = new ScriptCache()
    this.host = new ScriptHost(broker)
    this.json = new JsonLibrary()
    this.functions = new Functions(broker.engine.libraries, () => new FunctionInterpreter(this.host, this.json, false))
    this.noScript = 'NOSCRIPT No matching script. Please use EVAL.'
    this.evalStates = { plain: undefined, yielding: undefined }
    this.busy = undefined
    bindFunctions(broker.engine, this.functions)
  }

  /** The script of a source text, compiled if need be; or the error. `pinned` ones stay in the cache. */
  load(source: string, pinned: boolean): Script | string {
    const known = this.cache.ofSource(source)
    if (known !== undefined) {
      if (pinned) this.cache.pin(known)
      return known
    }
    let chunk: LuaChunk
    let flags: number
    try {
      const script = readScript(source)
      flags = script.flags
      chunk = compile(script.body, 'user_script')
    } catch (error) {
      if (error instanceof BadShebang) return `ERR ${error.text}`
      if (error instanceof LuaError) return `ERR Error compiling script (new function): ${String(error.value)}`
      throw error
    }
    const script: Script = { sha: sha1Hex(source), source, flags, chunk, pinned }
    this.cache.add(script)
    return script
  }

  /** EVAL: the script whose text is argument 1, or the error. */
  loadArgument(a: Args): Script | string {
    const known = this.cache.ofArgument(a, 1)
    if (known !== undefined) return known
    const script = this.load(a.text(1), false)
    if (typeof script !== 'string') this.cache.evaluates(script, a, 1)
    return script
  }

  /** SCRIPT FLUSH */
  flush(): void {
    this.cache.clear()
    this.evalStates.plain = undefined
    this.evalStates.yielding = undefined
    this.json.config = jsonDefaults
  }

  /** EVAL: arguments from the third on are the keys, then the others. */
  runScript(c: Connection, a: Args, r: Reply, script: Script, keys: number, readOnly: boolean): void {
    const refusal = this.refusal(script.flags, readOnly)
    if (refusal !== undefined) return r.error(refusal)
    const run = this.newRun('eval', script.sha, c, script.flags, readOnly)
    this.perform(c, r, a, {
      run,
      begin: (yielding, words) => {
        const state = this.evalState(yielding)
        state.globals.setString('KEYS', tableOf(words, 3, 3 + keys))
        state.globals.setString('ARGV', tableOf(words, 3 + keys, words.count))
        return { state, main: script.chunk.load(state), values: none }
      },
    })
  }

  /** FCALL */
  runFunction(c: Connection, a: Args, r: Reply, fn: LibraryFunction, keys: number, readOnly: boolean): void {
    const refusal = this.refusal(fn.flags, readOnly)
    if (refusal !== undefined) return r.error(refusal)
    const run = this.newRun('function', fn.name, c, fn.flags, readOnly)
    this.perform(c, r, a, {
      run,
      begin: (yielding, words) => {
        const values = [tableOf(words, 3, 3 + keys), tableOf(words, 3 + keys, words.count)]
        if (!yielding) return { state: this.functions.running.state, main: fn.callback, values }
        const interpreter = new FunctionInterpreter(this.host, this.json, true)
        const { source } = this.functions.all.get(fn.library)!
        const twin = interpreter.load(source).functions.find((other) => other.name === fn.name)!
        return { state: interpreter.state, main: twin.callback, values }
      },
    })
  }

  /** The flags that a command is gated by: a script or function that declares what it does is taken at its word. */
  flagsOf(command: Command, a: Args): number {
    if (command.spec.group !== 'scripting' || command.parent !== undefined) return command.flags
    const declared = this.declaredFlags(command, a)
    if (declared === undefined) return command.flags
    const { write, denyoom, stale, may_replicate: mayReplicate } = flagBits
    let flags = command.flags & ~(write | denyoom | stale | mayReplicate)
    if ((declared & scriptFlags['no-writes']) === 0) {
      flags |= write
      if ((declared & scriptFlags['allow-oom']) === 0) flags |= denyoom
    }
    return (declared & scriptFlags['allow-stale']) === 0 ? flags : flags | stale
  }

  /** The flags of a script's shebang or of a function; undefined when there are none. */
  private declaredFlags(command: Command, a: Args): number | undefined {
    if (command.name.startsWith('fcall')) return this.functions.find(a.text(1))?.flags
    const source = command.name.startsWith('evalsha') ? this.cache.ofSha(a.text(1).toLowerCase())?.source : a.text(1)
    if (source === undefined) return undefined
    try {
      const { flags } = readScript(source)
      return (flags & withoutShebang) === 0 ? flags : undefined
    } catch {
      return undefined
    }
  }

  busyError(): string {
    const kind = this.busy?.work.run.kind === 'function' ? 'FUNCTION' : 'SCRIPT'
    return `BUSY Redis is busy running a script. You can only call ${kind} KILL or SHUTDOWN NOSAVE.`
  }

  /** SCRIPT KILL and FUNCTION KILL */
  kill(r: Reply, kind: 'eval' | 'function'): void {
    const run = this.busy?.work.run
    if (run === undefined) return r.error('NOTBUSY No scripts in execution right now.')
    if (run.wrote) {
      return r.error('UNKILLABLE Sorry the script already executed write commands against the dataset. You can either '
        + 'wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.')
    }
    if (run.kind !== kind) return r.error(this.busyError())
    run.killed = true
    r.ok()
  }

  /** Writes what a run came to. Errors that a command within it answered were counted there. */
  writeResult(run: ScriptRun, r: Reply, value: LuaValue): void {
    writeValue(r, value, run.resp)
    if (r.lastError === '' || !(value instanceof LuaTable)) return
    if (value.getString('ignore_error_stats_update') === true) this.alreadyCounted(run, r)
  }

  writeError(run: ScriptRun, r: Reply, error: LuaError): void {
    r.error(errorReplyText(error, run.name))
    if (isCounted(error)) this.alreadyCounted(run, r)
  }

  /** The busy script has ended. */
  endBusy(): void {
    this.busy = undefined
    this.broker.outbox.stuck = false
    this.broker.gates &= ~brokerGates.busy
  }

  private alreadyCounted(run: ScriptRun, r: Reply): void {
    run.client.lastCommand!.failed++
    r.lastError = ''
  }

  private newRun(
    kind: 'eval' | 'function', name: string, client: Connection, flags: number, readOnly: boolean,
  ): ScriptRun {
    return newRun({
      kind, name, client, flags, readOnly, record: this.host.record, json: this.json.config, random: random.state,
    })
  }

  /** Begins a run again in the form that can pause; it reads the replies that it got before it asks for more. */
  beginAgain(work: Work, a: Args): Steps {
    const { run } = work
    rewindRun(run)
    this.json.config = run.json
    const { state, main, values } = work.begin(true, a)
    state.randomState = run.random
    return state.runYielding(main, values)
  }

  private perform(c: Connection, r: Reply, a: Args, work: Work): void {
    const { run } = work
    const { engine } = this.broker
    const { db, mayBlock } = c
    const outer = engine.grouped
    let values: readonly LuaValue[] | Suspended | undefined
    c.mayBlock = false
    this.host.run = run
    if (!outer) engine.beginGroup()
    try {
      values = this.attempt(work, a)
      if (!(values instanceof Suspended)) this.writeResult(run, r, values[0])
    } catch (error) {
      if (!(error instanceof LuaError)) throw error
      this.writeError(run, r, error)
    } finally {
      this.host.run = undefined
      run.db = c.db
      c.db = db
      c.mayBlock = mayBlock
      if (!outer && !(values instanceof Suspended)) engine.endGroup()
    }
    if (values instanceof Suspended) this.suspend(c, a, work, outer, values.steps)
    else replyBufferKept(run)
  }

  /** What the script returns, or where it stands when its time is up. Raises LuaError. */
  private attempt(work: Work, a: Args): readonly LuaValue[] | Suspended {
    try {
      const { state, main, values } = work.begin(false, a)
      meter.hook = this.onMeter
      return state.call(main, values)
    } catch (error) {
      if (error === slow) return new Suspended(undefined)
      if (!(error instanceof NeedsYielding)) throw error
    }
    // A script with coroutines, or with more replies than are kept: it could not go on in the plain form.
    const steps = this.beginAgain(work, a)
    const pace = new Pace(this.broker)
    meter.hook = () => pace.look()
    for (;;) {
      const step = pace.next(steps)
      if (step.done === true) return step.value
      if (this.timeIsUp()) return new Suspended(steps)
    }
  }

  /** The script takes too long: it goes on in later turns, and meanwhile others are told so. */
  private suspend(c: Connection, a: Args, work: Work, outer: boolean, steps: Steps | undefined): void {
    const { broker } = this
    broker.gates |= brokerGates.busy
    broker.outbox.stuck = true
    this.busy = new BusyScript(this, c, a, work, outer, steps)
    const { kind, name, startedMs } = work.run
    const ms = Math.round(broker.engine.clock.monotonicMs() - startedMs)
    broker.report('warning', `Slow script detected: still in execution after ${ms} milliseconds. You can try killing `
      + `the script using the ${kind === 'eval' ? 'SCRIPT' : 'FUNCTION'} KILL command. Script name is: ${name}.`)
  }

  /** Why a script may not begin. */
  private refusal(flags: number, readOnly: boolean): string | undefined {
    const { broker } = this
    if ((flags & withoutShebang) !== 0) return broker.following.isStale ? replies.staleReplica : undefined
    const writes = (flags & scriptFlags['no-writes']) === 0
    if (readOnly && writes) return readOnlyRefused
    if (broker.gates === 0 || !writes) return undefined
    if ((broker.gates & diskGates) !== 0) {
      return diskRefusal(broker)
    }
    if (broker.replicas.tooFew) return replies.tooFewReplicas
    if ((broker.gates & brokerGates.replica) !== 0 && broker.config.values.replicaReadOnly) {
      return 'READONLY You can not run script with write flag on readonly replica.'
    }
    if ((flags & scriptFlags['allow-oom']) === 0 && broker.outOfMemory()) return noMemory
    return undefined
  }

  private evalState(yielding: boolean): LuaState {
    const form = yielding ? 'yielding' : 'plain'
    const state = this.evalStates[form] ?? newState(this.host, this.json, 'eval', yielding)
    this.evalStates[form] = state
    return state
  }

  /** Unwinds a script whose time is up. */
  private readonly onMeter = (): void => {
    if (this.timeIsUp()) throw slow
  }

  private timeIsUp(): boolean {
    const { run } = this.host
    const threshold = this.broker.config.values.busyReplyThreshold
    return run !== undefined && threshold > 0 && this.broker.engine.clock.monotonicMs() - run.startedMs >= threshold
  }
}

/** Arguments as a table of strings. */
function tableOf(a: Args, from: number, to: number): LuaTable {
  const table = new LuaTable()
  for (let i = from; i < to; i++) table.setIndex(i - from + 1, textOf(a.buf, a.start[i]!, a.end[i]!))
  return table
}
