// FUNCTION: libraries of functions. LOAD, DELETE, FLUSH and RESTORE change the engine's state and are logged as they
// are.
// https://redis.io/docs/latest/commands/?group=scripting

import type { Args } from '../../core/args.ts'
import { wrongSubcommand } from '../../core/errors.ts'
import type { Handler } from '../../core/commands/spec.ts'
import type { Engine } from '../../core/engine.ts'
import { globMatch } from '../../core/keyspace/glob.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { functionsOf, NameTaken } from '../scripting/functions.ts'
import type { RestorePolicy } from '../scripting/functions.ts'
import { dumpLibraries, readDump } from '../scripting/library-dump.ts'
import { LibraryError } from '../scripting/library-load.ts'
import type { Library } from '../scripting/library-load.ts'
import { flagNames } from '../scripting/shebang.ts'
import { bindSubcommands } from './bind.ts'
import { functionSpec } from './scripting-spec.ts'

/** Adds libraries; answers with the error and gives undefined when one can't be. */
function add(x: Engine, r: Reply, sources: readonly string[], policy: RestorePolicy): Library[] | undefined {
  try {
    return functionsOf(x).add(sources, policy)
  } catch (error) {
    if (error instanceof LibraryError) r.error(`ERR ${error.text}`)
    else if (error instanceof NameTaken) r.error(`ERR Library ${error.name} already exists`)
    else throw error
    return undefined
  }
}

function load(x: Engine, a: Args, r: Reply): void {
  let replace = false
  for (let i = 2; i < a.count - 1; i++) {
    if (!a.is(i, 'REPLACE')) return r.error(`ERR Unknown option given: ${a.shown(i)}`)
    replace = true
  }
  const source = a.text(a.count - 1)
  try {
    const [library] = functionsOf(x).add([source], replace ? 'replace' : 'append')
    x.changed()
    r.text(library!.name)
  } catch (error) {
    if (error instanceof LibraryError) r.error(`ERR ${error.text}`)
    else if (error instanceof NameTaken) r.error(`ERR Library '${error.name}' already exists`)
    else throw error
  }
}

function remove(x: Engine, a: Args, r: Reply): void {
  if (!functionsOf(x).delete(a.text(2))) return r.error('ERR Library not found')
  x.changed()
  r.ok()
}

function flush(x: Engine, a: Args, r: Reply): void {
  if (a.count > 3 || (a.count === 3 && !a.is(2, 'SYNC') && !a.is(2, 'ASYNC'))) {
    return r.error(a.count > 3 ? wrongWords(a) : 'ERR FUNCTION FLUSH only supports SYNC|ASYNC option')
  }
  if (x.libraries.byName.size > 0) x.changed()
  functionsOf(x).clear()
  r.ok()
}

const policies: readonly RestorePolicy[] = ['append', 'replace', 'flush']

function restore(x: Engine, a: Args, r: Reply): void {
  if (a.count > 4) return r.error(wrongWords(a))
  const policy = a.count === 4 ? policies.find((one) => a.is(3, one.toUpperCase())) : 'append'
  if (policy === undefined) {
    return r.error('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.')
  }
  const sources = readDump(a.copy(2))
  if (sources === 'checksum') return r.error('ERR DUMP payload version or checksum are wrong')
  if (sources === 'format') return r.error('ERR given type is not a function')
  const had = x.libraries.byName.size
  const added = add(x, r, sources, policy)
  if (added === undefined) return
  if (added.length > 0 || (policy === 'flush' && had > 0)) x.changed()
  r.ok()
}

function wrongWords(a: Args): string {
  return wrongSubcommand(a.shown(1), 'FUNCTION')
}

function dump(c: Connection, _: Args, r: Reply): void {
  const bytes = dumpLibraries(c.broker.engine.libraries.byName.values())
  r.bulk(bytes, 0, bytes.length)
}

function list(c: Connection, a: Args, r: Reply): void {
  let pattern = -1
  let withCode = false
  for (let i = 2; i < a.count; i++) {
    if (!withCode && a.is(i, 'WITHCODE')) withCode = true
    else if (pattern < 0 && a.is(i, 'LIBRARYNAME')) {
      pattern = ++i
      if (pattern >= a.count) return r.error('ERR library name argument was not given')
    } else return r.error(`ERR Unknown argument ${a.shown(i)}`)
  }
  const mark = r.deferred()
  let count = 0
  for (const library of functionsOf(c.broker.engine).all.values()) {
    const name = Buffer.from(library.name, 'latin1')
    if (pattern >= 0 && !globMatch(a.buf, a.start[pattern]!, a.end[pattern]!, name, 0, name.length)) continue
    writeLibrary(r, library, withCode)
    count++
  }
  r.setArray(mark, count)
}

function writeLibrary(r: Reply, library: Library, withCode: boolean): void {
  r.map(withCode ? 4 : 3)
  r.text('library_name')
  r.text(library.name)
  r.text('engine')
  r.text('LUA')
  r.text('functions')
  r.array(library.functions.length)
  for (const fn of library.functions) {
    r.map(3)
    r.text('name')
    r.text(fn.name)
    r.text('description')
    if (fn.description === undefined) r.nil()
    else r.text(fn.description)
    r.text('flags')
    const flags = flagNames(fn.flags)
    r.set(flags.length)
    for (const flag of flags) r.simple(flag)
  }
  if (!withCode) return
  r.text('library_code')
  r.text(library.source)
}

function stats(c: Connection, _: Args, r: Reply): void {
  const { scripts, engine } = c.broker
  const { busy } = scripts
  const run = busy?.work.run
  if (run?.kind === 'eval') return r.error(scripts.busyError())
  r.map(2)
  r.text('running_script')
  if (busy === undefined || run === undefined) r.nil()
  else {
    const a = busy.args
    r.map(3)
    r.text('name')
    r.text(run.name)
    r.text('command')
    r.array(a.count)
    for (let i = 0; i < a.count; i++) r.bulk(a.buf, a.start[i]!, a.end[i]!)
    r.text('duration_ms')
    r.int(Math.round(engine.clock.monotonicMs() - run.startedMs))
  }
  r.text('engines')
  r.map(1)
  r.text('LUA')
  r.map(2)
  r.text('libraries_count')
  r.int(engine.libraries.byName.size)
  r.text('functions_count')
  r.int(functionsOf(engine).count)
}

const changing: Readonly<Record<string, Handler>> = { delete: remove, flush, load, restore }

const bound = bindSubcommands(functionSpec, {
  dump, list, stats, kill: (c, _, r) => c.broker.scripts.kill(r, 'function'),
}, changing)

export const functionCommands: readonly BrokerSpec[] = [bound]
