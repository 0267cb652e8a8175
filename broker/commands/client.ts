// CLIENT: what connections are, and what may be done to them.

import type { Args } from '../../core/args.ts'
import { timeoutMsArgument } from '../../core/commands/block-timeout.ts'
import { replies, wrongSubcommand } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { bindSubcommands } from './bind.ts'
import { killClients } from './client-kill.ts'
import { clientType, describeClient, describeMaster } from './client-list.ts'
import { clientSpec } from './client-spec.ts'
import { caching, tracking, trackingInfo } from './client-tracking.ts'

/** https://www.w3.org/TR/trace-context/#traceparent-header ; version ff and ids of zeros are invalid. */
const traceparent = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

export const invalidName = 'ERR Client names cannot contain spaces, newlines or special characters.'
/** Names are printable ASCII without blanks: they stand in CLIENT LIST. */
export function validName(a: Args, i: number): boolean {
  for (let at = a.start[i]!; at < a.end[i]!; at++) {
    const c = a.buf[at]!
    if (c < 33 || c > 126) return false
  }
  return true
}

function list(c: Connection, a: Args, r: Reply): void {
  const { link } = c.broker.following
  let chosen = [...c.broker.clients.values()]
  let master = link?.stage === 'connected' ? link : undefined
  if (a.count === 4 && a.is(2, 'TYPE')) {
    const type = clientType(a.text(3))
    if (type === undefined) return r.error(`ERR Unknown client type '${a.text(3)}'`)
    chosen = chosen.filter((other) => other.outputClass === type)
    if (type !== 'master') master = undefined
  } else if (a.count > 3 && a.is(2, 'ID')) {
    chosen = []
    const { id: masterId } = master ?? { id: 0 }
    let asked = false
    for (let i = 3; i < a.count; i++) {
      const id = a.int(i)
      if (Number.isNaN(id)) return r.error('ERR Invalid client ID')
      const found = c.broker.clients.get(id)
      if (found !== undefined) chosen.push(found)
      asked ||= id === masterId
    }
    if (!asked) master = undefined
  } else if (a.count > 2) return r.error(replies.syntax)
  const lines = chosen.map(describeClient)
  if (master !== undefined) lines.push(describeMaster(master))
  r.verbatim('txt', lines.map((line) => `${line}\n`).join(''))
}

function onOff(a: Args, i: number, r: Reply, apply: (on: boolean) => void): void {
  if (!a.is(i, 'ON') && !a.is(i, 'OFF')) return r.error(replies.syntax)
  apply(a.is(i, 'ON'))
  r.ok()
}

function reply(c: Connection, a: Args, r: Reply): void {
  if (a.is(2, 'ON')) {
    c.setReplyMode('on')
    r.ok()
  } else if (a.is(2, 'OFF')) c.setReplyMode('off')
  else if (a.is(2, 'SKIP')) {
    if (c.replyMode !== 'off') c.setReplyMode('skip-next')
  } else r.error(replies.syntax)
}

function setInfo(c: Connection, a: Args, r: Reply): void {
  const isName = a.is(2, 'LIB-NAME')
  if (!isName && !a.is(2, 'LIB-VER')) return r.error(`ERR Unrecognized option '${a.text(2)}'`)
  if (!validName(a, 3)) {
    return r.error(`ERR ${isName ? 'lib-name' : 'lib-ver'} cannot contain spaces, newlines or special characters.`)
  }
  if (isName) c.libName = a.text(3)
  else c.libVer = a.text(3)
  r.ok()
}

function pause(c: Connection, a: Args, r: Reply): void {
  if (a.count > 4) return r.error(wrongSubcommand(a.shown(1), 'CLIENT'))
  const writesOnly = a.count === 4 && a.is(3, 'WRITE')
  if (a.count === 4 && !writesOnly && !a.is(3, 'ALL')) return r.error('ERR CLIENT PAUSE mode must be WRITE or ALL')
  const ms = timeoutMsArgument(a, 2, c.broker.engine.clock.nowMs())
  if (typeof ms === 'string') return r.error(ms)
  c.broker.pause.begin('client', ms, writesOnly ? 'write' : 'all')
  r.ok()
}

function unblock(c: Connection, a: Args, r: Reply): void {
  if (a.count > 4) return r.error(wrongSubcommand(a.shown(1), 'CLIENT'))
  let how: 'timeout' | 'error' = 'timeout'
  if (a.count === 4) {
    if (a.is(3, 'ERROR')) how = 'error'
    else if (!a.is(3, 'TIMEOUT')) return r.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
  }
  const id = a.int(2)
  if (Number.isNaN(id)) return r.error(replies.notInteger)
  const target = c.broker.clients.get(id)
  r.int(target !== undefined && c.broker.blocking.unblock(target, how) ? 1 : 0)
}

export const clientCommands: readonly BrokerSpec[] = [bindSubcommands(clientSpec, {
  caching,
  getname: (c, _, r) => (c.name === '' ? r.nil() : r.text(c.name)),
  getredir: (c, _, r) => r.int(c.tracked?.redirect ?? -1),
  id: (c, _, r) => r.int(c.id),
  info: (c, _, r) => r.verbatim('txt', `${describeClient(c)}\n`),
  kill: killClients,
  list,
  'no-evict': (c, a, r) => onOff(a, 2, r, (on) => { c.noEvict = on }),
  'no-touch': (c, a, r) => onOff(a, 2, r, (on) => { c.noTouch = on }),
  pause,
  reply,
  setinfo: setInfo,
  setname: (c, a, r) => {
    if (!validName(a, 2)) return r.error(invalidName)
    c.name = a.text(2)
    r.ok()
  },
  trace: (c, a, r) => {
    const off = a.is(2, 'OFF')
    if (!off && !traceparent.test(a.text(2))) return r.error('ERR Invalid traceparent')
    c.setTrace(off ? '' : a.text(2))
    r.ok()
  },
  tracking,
  trackinginfo: trackingInfo,
  unblock,
  unpause: (c, _, r) => {
    c.broker.pause.end('client')
    r.ok()
  },
})]
