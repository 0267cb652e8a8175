// EVAL, EVALSHA, FCALL and their read-only forms. https://redis.io/docs/latest/commands/?group=scripting

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec, ServeHandler } from '../command.ts'
import type { Connection } from '../connection.ts'
import { textOf } from '../scripting/text-cache.ts'
import { evalSpecs } from './scripting-spec.ts'

/** How many keys there are, or the error. */
function countKeys(a: Args, notInteger: string): number | string {
  const keys = a.int(2)
  if (Number.isNaN(keys)) return notInteger
  if (keys > a.count - 3) return `ERR Number of keys can't be greater than number of args`
  if (keys < 0) return `ERR Number of keys can't be negative`
  return keys
}

/** Argument 1 in lower case. */
function shaOf(a: Args): string {
  return textOf(a.buf, a.start[1]!, a.end[1]!).toLowerCase()
}

function evaluate(bySha: boolean, readOnly: boolean): ServeHandler {
  return (c, a, r) => {
    const { monitors, scripts } = c.broker
    // MONITOR shows a script before what it calls; the others' lines come when they have run.
    if (monitors.size > 0) monitors.show(c.db, c.addr, a)
    if (bySha && a.size(1) !== 40) return r.error(scripts.noScript)
    const keys = countKeys(a, replies.notInteger)
    if (typeof keys === 'string') return r.error(keys)
    const script = bySha ? scripts.cache.ofSha(shaOf(a)) : scripts.loadArgument(a)
    if (script === undefined) return r.error(scripts.noScript)
    if (typeof script === 'string') return r.error(script)
    scripts.runScript(c, a, r, script, keys, readOnly)
  }
}

function fcall(readOnly: boolean): ServeHandler {
  return (c: Connection, a: Args, r: Reply) => {
    const { monitors, scripts } = c.broker
    if (monitors.size > 0) monitors.show(c.db, c.addr, a)
    const fn = scripts.functions.find(a.text(1))
    if (fn === undefined) return r.error('ERR Function not found')
    const keys = countKeys(a, 'ERR Bad number of keys provided')
    if (typeof keys === 'string') return r.error(keys)
    scripts.runFunction(c, a, r, fn, keys, readOnly)
  }
}

export const scriptingCommands: readonly BrokerSpec[] = [
  { ...evalSpecs.eval, serve: evaluate(false, false) },
  { ...evalSpecs.evalsha, serve: evaluate(true, false) },
  { ...evalSpecs.evalRo, serve: evaluate(false, true) },
  { ...evalSpecs.evalshaRo, serve: evaluate(true, true) },
  { ...evalSpecs.fcall, serve: fcall(false) },
  { ...evalSpecs.fcallRo, serve: fcall(true) },
]
