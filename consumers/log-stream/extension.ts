// The log's streams as an extension: stream commands whose key is `$all`, `$key:…` or `$match:…` are served here, and
// commands that would write to such a key are refused. All other commands, and these with other keys, are as they were.

import { flagBits, withSubcommands } from '../../broker/command.ts'
import type { Command } from '../../broker/command.ts'
import { Connection } from '../../broker/connection.ts'
import type { Extension } from '../../broker/extension.ts'
import type { Args } from '../../core/args.ts'
import { legacyRange, visitKeys } from '../../core/commands/key-positions.ts'
import type { Handler } from '../../core/commands/spec.ts'
import type { Engine } from '../../core/engine.ts'
import { typeOf, types } from '../../core/keyspace/entry.ts'
import { logStreamKind } from '../../core/log-stream-name.ts'
import type { Reply } from '../../core/reply.ts'
import { xautoclaim, xclaim } from './claim.ts'
import { xgroupCreate, xgroupSetId } from './group.ts'
import { xreadgroup } from './group-read.ts'
import { xinfoGroups, xinfoStream, xlen } from './info.ts'
import { xrange, xrevrange } from './range.ts'
import { xread } from './read.ts'

type Serve = (c: Connection, command: Command, a: Args, r: Reply) => void

/** Served here when the key, argument `at`, names the log; 0: any argument may. */
const served = new Map<string, { at: number, serve: Serve }>([
  ['xrange', { at: 1, serve: xrange }], ['xrevrange', { at: 1, serve: xrevrange }], ['xlen', { at: 1, serve: xlen }],
  ['xread', { at: 0, serve: xread }], ['xreadgroup', { at: 0, serve: xreadgroup }],
  ['xgroup|create', { at: 2, serve: xgroupCreate }], ['xgroup|setid', { at: 2, serve: xgroupSetId }],
  ['xinfo|stream', { at: 2, serve: xinfoStream }], ['xinfo|groups', { at: 2, serve: xinfoGroups }],
  ['xclaim', { at: 1, serve: xclaim }], ['xautoclaim', { at: 1, serve: xautoclaim }],
])

/** About the groups only: core serves them on these keys as on others. */
const passed = new Set([
  'xack', 'xpending', 'xgroup|destroy', 'xgroup|createconsumer', 'xgroup|delconsumer', 'xgroup|policy',
])

/** They may remove what had such a name before it meant anything. */
const removes = new Set(['del', 'unlink'])

export const logStreams: Extension = {
  name: 'log-streams',
  attach(broker) {
    for (const command of withSubcommands(broker.commands)) intercept(command)
    return {}
  },
}

function intercept(command: Command): void {
  const { run, fullName, keys } = command
  if (run === undefined || passed.has(fullName)) return
  const own = served.get(fullName)
  if (own !== undefined) command.run = servedHere(command, run, own)
  else if ((command.flags & flagBits.write) !== 0 && keys !== undefined) {
    const [first, last, step] = legacyRange(keys)
    command.run = first === 1 && last === 1 && step === 1 ? guardedKey(run) : guardedKeys(command, run)
  }
}

function servedHere(command: Command, run: Handler, { at, serve }: { at: number, serve: Serve }): Handler {
  return (x, a, r) => {
    const names = at === 0 ? anyNames(a) : a.count > at && namesLog(a, at)
    if (!names || x.replaying || x.following) run(x, a, r)
    else if (x.session instanceof Connection) serve(x.session, command, a, r)
    else r.error('ERR the log is read as a stream by clients only')
  }
}

/** A write whose only key is its first argument. */
function guardedKey(run: Handler): Handler {
  return (x, a, r) => {
    if (namesLog(a, 1) && !x.replaying && !x.following) refuse(a, 1, r)
    else run(x, a, r)
  }
}

function guardedKeys(command: Command, run: Handler): Handler {
  const mayRemove = removes.has(command.fullName)
  return (x, a, r) => {
    if (anyNames(a) && !x.replaying && !x.following) {
      let found = 0
      visitKeys(command.keys!, a, 0, (arg) => {
        if (namesLog(a, arg) && !(mayRemove && isForeign(x, a, arg))) found = arg
      })
      if (found !== 0) return refuse(a, found, r)
    }
    run(x, a, r)
  }
}

function namesLog(a: Args, i: number): boolean {
  return logStreamKind(a.buf, a.start[i]!, a.end[i]!) !== undefined
}

function anyNames(a: Args): boolean {
  for (let i = 1; i < a.count; i++) if (namesLog(a, i)) return true
  return false
}

/** The key holds something that is no stream: it came with a dataset from elsewhere. */
function isForeign(x: Engine, a: Args, i: number): boolean {
  const { buf } = a
  const entry = x.db.find(buf, a.start[i]!, a.end[i]!, x.db.hash(buf, a.start[i]!, a.end[i]!))
  return entry !== 0 && typeOf(x.arena, entry) !== types.stream
}

function refuse(a: Args, i: number, r: Reply): void {
  r.error(`ERR '${a.shown(i)}' is the log read as a stream: nothing writes to it`)
}
