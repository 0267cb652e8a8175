// SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { bgrewriteaofSpec, bgsaveSpec, saveSpec } from './persistence-spec.ts'
import { lastsaveSpec } from './server-spec.ts'

const saveRuns = 'ERR Background save already in progress'

function save(c: Connection, _: Args, r: Reply): void {
  const { persistence } = c.broker
  if (persistence.runs('save')) return r.error(saveRuns)
  if (persistence.saveNow()) r.ok()
  else r.error('ERR')
}

function bgsave(c: Connection, a: Args, r: Reply): void {
  const { persistence, engine } = c.broker
  const schedules = a.count === 2 && a.is(1, 'SCHEDULE')
  if (a.count > 1 && !schedules) return r.error(replies.syntax)
  if (persistence.runs('save')) return r.error(saveRuns)
  // Within a transaction it waits for its end.
  if (persistence.run !== undefined || engine.grouped) {
    if (!schedules && !engine.grouped) {
      return r.error(`ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order `
        + 'to schedule a BGSAVE whenever possible.')
    }
    persistence.saveScheduled = true
    return r.simple('Background saving scheduled')
  }
  persistence.begin('save')
  r.simple('Background saving started')
}

function bgrewriteaof(c: Connection, _: Args, r: Reply): void {
  const { persistence, engine } = c.broker
  if (persistence.runs('rewrite')) {
    return r.error('ERR Background append only file rewriting already in progress')
  }
  if (persistence.run !== undefined || engine.grouped) {
    persistence.rewriteScheduled = true
    return r.simple('Background append only file rewriting scheduled')
  }
  persistence.begin('rewrite')
  r.simple('Background append only file rewriting started')
}

function lastsave(c: Connection, _: Args, r: Reply): void {
  r.int(Math.floor(c.broker.persistence.lastSaveMs / 1000))
}

export const persistenceCommands: readonly BrokerSpec[] = [
  { ...saveSpec, serve: save }, { ...bgsaveSpec, serve: bgsave }, { ...bgrewriteaofSpec, serve: bgrewriteaof },
  { ...lastsaveSpec, serve: lastsave },
]
