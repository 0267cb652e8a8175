// CLIENT KILL: closes connections, by address or by any combination of filters.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { Connection } from '../connection.ts'
import { clientType } from './client-list.ts'

type Filter = {
  id: number
  addr: string
  laddr: string
  user: string
  type: string
  ageSeconds: number
  skipMe: boolean
}

export function killClients(c: Connection, a: Args, r: Reply): void {
  if (a.count === 3) return killByAddress(c, a.text(2), r)
  const filter: Filter = { id: 0, addr: '', laddr: '', user: '', type: '', ageSeconds: 0, skipMe: true }
  for (let i = 2; i < a.count; i += 2) {
    const wrong = i + 1 < a.count ? readOption(c, a, i, filter) : replies.syntax
    if (wrong !== undefined) return r.error(wrong)
  }
  const now = c.broker.engine.clock.nowMs()
  const victims = [...c.broker.clients.values()].filter((other) => matches(filter, other, c, now))
  for (const victim of victims) close(victim, c)
  r.int(victims.length + (killMaster(c, filter) ? 1 : 0))
}

function killByAddress(c: Connection, addr: string, r: Reply): void {
  const victim = [...c.broker.clients.values()].find((other) => other.addr === addr)
  if (victim === undefined) {
    const { link } = c.broker.following
    if (link?.addr !== addr) return r.error('ERR No such client')
    link.end('CLIENT KILL')
    return r.ok()
  }
  close(victim, c)
  r.ok()
}

/** Reads the option at argument i; returns the error. */
function readOption(c: Connection, a: Args, i: number, filter: Filter): string | undefined {
  const value = a.text(i + 1)
  if (a.is(i, 'ID')) {
    filter.id = a.int(i + 1)
    if (!(filter.id > 0)) return 'ERR client-id should be greater than 0'
  } else if (a.is(i, 'MAXAGE')) {
    filter.ageSeconds = a.int(i + 1)
    if (Number.isNaN(filter.ageSeconds)) return 'ERR maxage is not an integer or out of range'
    if (filter.ageSeconds <= 0) return 'ERR maxage should be greater than 0'
  } else if (a.is(i, 'TYPE')) {
    const type = clientType(value)
    if (type === undefined) return `ERR Unknown client type '${value}'`
    filter.type = type
  } else if (a.is(i, 'ADDR')) filter.addr = value
  else if (a.is(i, 'LADDR')) filter.laddr = value
  else if (a.is(i, 'USER')) {
    if (!c.broker.acl.has(value)) return `ERR No such user '${value}'`
    filter.user = value
  } else if (a.is(i, 'SKIPME')) {
    if (!a.is(i + 1, 'YES') && !a.is(i + 1, 'NO')) return replies.syntax
    filter.skipMe = a.is(i + 1, 'YES')
  } else return replies.syntax
  return undefined
}

function matches(filter: Filter, other: Connection, self: Connection, now: number): boolean {
  if (other.closing || (filter.skipMe && other === self)) return false
  if (filter.id !== 0 && other.id !== filter.id) return false
  if (filter.addr !== '' && other.addr !== filter.addr) return false
  if (filter.laddr !== '' && other.laddr !== filter.laddr) return false
  if (filter.type !== '' && other.outputClass !== filter.type) return false
  if (filter.user !== '' && (!other.authenticated || other.user !== filter.user)) return false
  return filter.ageSeconds === 0 || Math.floor((now - other.createdMs) / 1000) >= filter.ageSeconds
}

/** Ends the link to our master if the filter means it, too; it is made anew. */
function killMaster(c: Connection, filter: Filter): boolean {
  const { link } = c.broker.following
  if (link?.stage !== 'connected' || filter.user !== '' || filter.laddr !== '') return false
  if (filter.id !== 0 && filter.id !== link.id) return false
  if (filter.addr !== '' && filter.addr !== link.addr) return false
  if (filter.type !== '' && filter.type !== 'master') return false
  if (filter.ageSeconds > (link.nowMs - link.sinceMs) / 1000) return false
  link.end('CLIENT KILL')
  return true
}

/** The one who asks gets the reply first. */
function close(victim: Connection, self: Connection): void {
  if (victim === self) victim.endAfterReply()
  else victim.destroy()
}
