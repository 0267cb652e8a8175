// CONFIG GET, SET, REWRITE, RESETSTAT.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import { failed } from '../config/config.ts'
import { names, rowOf } from '../config/table.ts'
import type { Connection } from '../connection.ts'
import { freshStats } from '../stats.ts'
import { bindSubcommands } from './bind.ts'
import { configSpec } from './config-spec.ts'
import { matches } from './pattern.ts'

const doorRefusal = 'Unable to listen on this port. Check server logs.'

function get(c: Connection, a: Args, r: Reply): void {
  const found = new Set<string>()
  for (let i = 2; i < a.count; i++) {
    const pattern = a.text(i)
    if (!/[*?[]/.test(pattern)) {
      // A name comes back as it was sent.
      if (rowOf(pattern) !== undefined) found.add(pattern)
      continue
    }
    for (const name of names) if (matches(a, i, name)) found.add(name)
  }
  r.map(found.size)
  for (const name of found) {
    r.text(name)
    r.utf8(c.broker.config.get(name)!)
  }
}

function set(c: Connection, a: Args, r: Reply): void {
  if (a.count % 2 !== 0) return r.error(replies.syntax)
  const pairs: [string, string][] = []
  for (let i = 2; i < a.count; i += 2) pairs.push([a.text(i), a.buf.toString('utf8', a.start[i + 1], a.end[i + 1])])
  const { config, listeners } = c.broker
  const takeBack = config.change(pairs, isLocal(c))
  if (typeof takeBack === 'string') return r.error(takeBack)
  if (listeners.opening === undefined) return r.ok()
  const door = pairs.map(([name]) => name).findLast((name) => /^(port|bind|tls-.*)$/i.test(name))!
  waitForDoors(c, listeners.opening, failed(door, doorRefusal), takeBack, r)
}

/** The client is answered when the doors are open, or when those from before are again. */
function waitForDoors(c: Connection, opening: Promise<void>, refusal: string, takeBack: () => void, r: Reply): void {
  const { broker } = c
  const parked = c.mayBlock ? broker.blocking.parkFor(c, c.lastCommand!, 0, undefined) : undefined
  if (parked === undefined) r.ok()
  const answer = (write: (late: Reply) => void): void => {
    if (parked !== undefined) broker.blocking.answer(parked, write)
  }
  const tell = (error: unknown): void => broker.report('warning', (error as Error).message)
  opening.then(() => answer((late) => late.ok()), async (error: unknown) => {
    tell(error)
    takeBack()
    await broker.listeners.opening?.catch(tell)
    answer((late) => late.error(refusal))
  })
}

/** What INFO counts begins anew. */
function resetStats(c: Connection): void {
  const { broker } = c
  Object.assign(broker.stats, freshStats())
  Object.assign(broker.engine.stats, {
    keyspaceHits: 0, keyspaceMisses: 0, expiredKeys: 0, expiredSubkeys: 0, evictedKeys: 0,
  })
  broker.engine.lazy.freed = 0
  broker.scripts.cache.evicted = 0
  broker.memory.resetStats()
  broker.persistence.resetStats()
  broker.replicas.resetStats()
  for (const command of broker.commands.specs) command.resetStats()
}

/** True when the client sits on this machine. */
export function isLocal(c: Connection): boolean {
  return c.unix || c.addr.startsWith('127.') || c.addr.startsWith('[::1]')
}

export const configCommands: readonly BrokerSpec[] = [bindSubcommands(configSpec, {
  get,
  resetstat: (c, _, r) => {
    resetStats(c)
    r.ok()
  },
  rewrite: (c, _, r) => {
    const wrong = c.broker.config.rewrite(c.broker.acl.configLines())
    if (wrong === undefined) r.ok()
    else r.error(wrong)
  },
  set,
})]
