// redis.call: from a script's arguments to a value. The command is framed in a buffer that is used again, passes the
// gates that stand for scripts, is run as a client's command is, and its reply is read from the buffer it was written
// to. Errors keep Redis's texts.

import { replies } from '../../core/errors.ts'
import { Args } from '../../core/args.ts'
import { Reply } from '../../core/reply.ts'
import type { Broker, LogLevel } from '../broker.ts'
import { findCommand, flagBits } from '../command.ts'
import type { Command } from '../command.ts'
import { clientGates } from '../connection.ts'
import { arityFits } from '../dispatch.ts'
import { brokerGates } from '../gates.ts'
import { underOwnName } from '../renames.ts'
import { diskGates, diskRefusal } from '../persistence/disk-refusal.ts'
import { frameValues } from './call-arguments.ts'
import { raiseTable } from './raise.ts'
import { enterHost } from './lua/call.ts'
import { Kill } from './lua/error.ts'
import type { LuaValue } from './lua/value.ts'
import { fieldOf, ReplyReader } from './reply-value.ts'
import { beginReply, replays } from './script-run.ts'
import type { ScriptRun } from './script-run.ts'

/** A command takes about as long as so many loops. */
const callFuel = 100
const namesMax = 1000
const writes = flagBits.write | flagBits.may_replicate

export class ScriptHost {
  readonly broker: Broker
  /** The script that is being run. */
  run: ScriptRun | undefined
  /** Replies of redis.call; see script-run.ts. */
  readonly record: Reply
  private readonly args: Args
  private readonly reader: ReplyReader
  /** Commands without subcommands by the names that scripts give them. */
  private readonly byName: Map<string, Command>

  constructor(broker: Broker) {
    this.broker = broker
    this.run = undefined
    this.record = new Reply()
    this.args = new Args()
    this.reader = new ReplyReader()
    this.byName = new Map()
  }

  /** redis.call, which raises the error that a command answers, and redis.pcall, which returns it. */
  call(values: readonly LuaValue[], raising: boolean): LuaValue {
    if (values.length === 0) {
      return failed(raising, 'ERR Please specify at least one argument for this redis lib call')
    }
    if (!frameValues(this.args, values)) {
      return failed(raising, 'ERR Lua redis lib command arguments must be strings or integers')
    }
    const run = this.run!
    const { record, reader } = this
    enterHost(callFuel)
    const mark = replays(run) ? run.at : this.perform(run, values[0])
    reader.buf = record.buf
    reader.at = mark
    const value = reader.value()
    run.calledBytes += this.args.rawEnd
    if (run.at < run.replayed) this.replayed(run)
    if (raising && record.buf[mark] === 45) throw raiseTable(value)
    return value
  }

  /** A second run read a reply of the first; with the last one it must have called the same commands. */
  private replayed(run: ScriptRun): void {
    run.at = this.reader.at
    if (run.at >= run.replayed && run.calledBytes !== run.calledBefore) {
      throw new Kill('the script took another way when it was run again')
    }
  }

  /** redis.setresp */
  setProtocol(resp: 2 | 3): void {
    const run = this.run!
    run.resp = resp
    run.record.resp = resp
  }

  /** redis.log; a second run leaves out what the first wrote. */
  log(level: LogLevel, text: string): void {
    const { run } = this
    if (run !== undefined) {
      if (run.logsLeft > 0) {
        run.logsLeft--
        return
      }
      run.logged++
    }
    this.broker.report(level, text)
  }

  /** Runs the framed command, or refuses it; either way one reply is written to the record. Returns its place. */
  private perform(run: ScriptRun, name: LuaValue): number {
    const own = underOwnName(this.broker.renames, this.args)
    const a = own ?? this.args
    const mark = beginReply(run)
    const command = own === undefined ? undefined : this.find(name, a)
    const refusal = this.refusal(run, command, a)
    if (refusal === undefined) this.execute(run, command!, a)
    else this.refuse(refusal, command)
    return mark
  }

  /** The framed command. Its name is a constant of the script as a rule: found sooner by the string than by bytes. */
  private find(name: LuaValue, a: Args): Command | undefined {
    if (typeof name === 'string') {
      const known = this.byName.get(name)
      if (known !== undefined) return known
    }
    const command = findCommand(this.broker.commands, a)
    if (command !== undefined && command.parent === undefined && !command.container && typeof name === 'string') {
      if (this.byName.size < namesMax) this.byName.set(name, command)
    }
    return command
  }

  private execute(run: ScriptRun, command: Command, a: Args): void {
    const { broker } = this
    const { client, record } = run
    if ((command.flags & flagBits.write) !== 0) run.wrote = true
    command.calls++
    const began = command.slow ? broker.engine.clock.monotonicMs() : 0
    if (command.run !== undefined) {
      broker.engine.execute(command, a, record, client)
      broker.engine.block = undefined
    } else command.serve!(client, a, record)
    if (command.slow) broker.meter.within(command, client, a, began)
    if (client.tracked !== undefined) broker.tracking.remember(client, command, a)
    if (record.lastError !== '') {
      broker.countError(command, record.lastError)
      record.lastError = ''
    }
    if (broker.monitors.size > 0) broker.monitors.ran(command, client.db, 'lua', a)
  }

  /** Why a script may not run the command: the error without its dash; undefined when it may. */
  private refusal(run: ScriptRun, command: Command | undefined, a: Args): string | undefined {
    if (command === undefined) return 'ERR Unknown Redis command called from script'
    if (!arityFits(command, a.count)) return 'ERR Wrong number of args calling Redis command from script'
    const { flags } = command
    if ((flags & flagBits.noscript) !== 0) return 'ERR This Redis command is not allowed from script'
    const { broker } = this
    if ((flags & flagBits.stale) === 0 && broker.following.isStale) {
      return 'ERR Can not execute the command on a stale replica'
    }
    if ((run.client.gates & clientGates.restricted) !== 0) {
      const denied = broker.acl.refuseInScript(run.client, command, a)
      if (denied !== undefined) return denied
    }
    if (run.readOnly && (flags & writes) !== 0) return 'ERR Write commands are not allowed from read-only scripts.'
    if (broker.gates === 0) return undefined
    if ((broker.gates & diskGates) !== 0 && (flags & flagBits.write) !== 0) {
      return diskRefusal(broker)
    }
    if (!run.wrote && (flags & flagBits.write) !== 0 && broker.replicas.tooFew) return replies.tooFewReplicas
    if ((broker.gates & brokerGates.replica) !== 0 && (flags & flagBits.write) !== 0) {
      if (broker.config.values.replicaReadOnly) return replies.readOnlyReplica
    }
    // A script that has begun to write is not stopped half way.
    if (run.refuseGrowth && !run.wrote && (flags & flagBits.denyoom) !== 0) return replies.outOfMemory
    return undefined
  }

  private refuse(error: string, command: Command | undefined): void {
    this.record.error(error)
    this.record.lastError = ''
    if (command !== undefined) command.rejected++
    this.broker.countErrorText(error)
  }
}

/** What never came to be a command: the error as a value, or raised. */
function failed(raising: boolean, text: string): LuaValue {
  const value = fieldOf('err', text)
  if (raising) throw raiseTable(value)
  return value
}
