// CONFIG GET, SET, REWRITE, RESETSTAT.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import { names, rowOf } from '../config/table.ts'
import type { Connection } from '../connection.ts'
import { freshStats } from '../stats.ts'
import { bindSubcommands } from './bind.ts'
import { configSpec } from './config-spec.ts'
import { matches } from './pattern.ts'

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
  const wrong = c.broker.config.set(pairs, isLocal(c))
  if (wrong === undefined) r.ok()
  else r.error(wrong)
}

/** What INFO counts begins anew. */
function resetStats(c: Connection): void {
  const { broker } = c
  Object.assign(broker.stats, freshStats())
  Object.assign(broker.engine.stats, {
    keyspaceHits: 0, keyspaceMisses: 0, expiredKeys: 0, expiredSubkeys: 0, evictedKeys: 0,
  })
  broker.memory.resetStats()
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
