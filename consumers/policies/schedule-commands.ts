// XSCHEDULE: schedules of a stream, and entries that wait for their time.
//
//   XSCHEDULE ADD key name CRON <when> [TZ zone] FIELDS field value [field value …]     → unix ms of the first run
//   XSCHEDULE DEL key name                        → 1, or 0 when there is none
//   XSCHEDULE LIST key                            → name, when, zone, next and fields of each
//   XSCHEDULE DELAYED key [COUNT n]               → ticket, unix ms and fields of each entry that waits
//   XSCHEDULE CANCEL key ticket                   → 1, or 0 when it waits no more

import type { BrokerSpec } from '../../broker/command.ts'
import type { Connection } from '../../broker/connection.ts'
import type { Args } from '../../core/args.ts'
import type { ArgumentSpec, KeySpec } from '../../core/commands/spec.ts'
import { dueKey, dueNumbers } from '../../core/commands/stream-delay.ts'
import { help } from '../../core/commands/stream-group.ts'
import { replies, wrongArity } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import { parseSchedule } from './cron.ts'
import type { Schedule } from './cron.ts'
import { delayedWords, eachDue } from './due.ts'
import { delayedShown } from './limits.ts'
import { sceneOf } from './scenes.ts'
import { decodeSchedule, dueMember, encodeSchedule, scheduleName, schedulesKey, splitName } from './schedules.ts'
import type { Writer } from './writer.ts'

const ticketForm = /^(\d{1,16})-(\d{1,16})-(\d{1,10})$/

function writerOf(c: Connection): Writer {
  const { writer } = sceneOf(c.broker)
  writer.db = c.db
  return writer
}

/** Runs `work`; what it throws is the reply. */
function answering(r: Reply, work: () => void): void {
  const mark = r.deferred()
  try {
    work()
  } catch (error) {
    r.rewind(mark)
    r.error((error as Error).message)
  }
}

function add(c: Connection, a: Args, r: Reply): void {
  const zoned = a.is(6, 'TZ')
  const at = zoned ? 8 : 6
  if (!a.is(4, 'CRON') || at >= a.count || !a.is(at, 'FIELDS')) {
    r.error(replies.syntax)
    return
  }
  if (a.count - at < 3 || (a.count - at) % 2 === 0) {
    r.error(wrongArity('xschedule|add'))
    return
  }
  const when = a.copy(5).toString()
  const zone = zoned ? a.copy(7).toString() : 'UTC'
  let schedule: Schedule
  try {
    schedule = parseSchedule(when, zone)
  } catch (error) {
    r.error(`ERR Invalid schedule: ${(error as Error).message}`)
    return
  }
  const field = scheduleName(a.copy(2), a.copy(3))
  const fields = Array.from({ length: a.count - at - 1 }, (_, i) => a.copy(at + 1 + i))
  const { now } = c.broker.engine
  const next = schedule.next(now, now)
  answering(r, () => {
    const writer = writerOf(c)
    writer.atomically(() => {
      writer.call(['ZADD', dueKey, String(next), dueMember(field)])
      writer.call(['HSET', schedulesKey, field, encodeSchedule({ when, zone, fields })])
    })
    c.broker.engine.dueMs = Math.min(c.broker.engine.dueMs, next)
    r.int(next)
  })
}

function remove(c: Connection, a: Args, r: Reply): void {
  const field = scheduleName(a.copy(2), a.copy(3))
  answering(r, () => {
    const writer = writerOf(c)
    const removed = writer.atomically(() => {
      writer.call(['ZREM', dueKey, dueMember(field)])
      return writer.call(['HDEL', schedulesKey, field])
    })
    r.int(Number(removed))
  })
}

function list(c: Connection, a: Args, r: Reply): void {
  const key = a.copy(2)
  answering(r, () => {
    const writer = writerOf(c)
    const all = writer.call(['HGETALL', schedulesKey])
    const mark = r.deferred()
    let shown = 0
    for (const [field, value] of all instanceof Map ? all : []) {
      const owner = splitName(field as Buffer)
      const schedule = decodeSchedule(value as Buffer)
      if (owner === undefined || schedule === undefined || !owner.key.equals(key)) continue
      const next = writer.call(['ZSCORE', dueKey, dueMember(field as Buffer)])
      r.map(5)
      r.text('name')
      r.bulk(owner.name, 0, owner.name.length)
      r.text('when')
      r.utf8(schedule.when)
      r.text('zone')
      r.utf8(schedule.zone)
      r.text('next')
      if (next === null) r.nil()
      else r.int(Number(next))
      r.text('fields')
      replyWords(r, schedule.fields)
      shown++
    }
    r.setArray(mark, shown)
  })
}

function replyWords(r: Reply, words: readonly Buffer[]): void {
  r.array(words.length)
  for (const word of words) r.bulk(word, 0, word.length)
}

function delayed(c: Connection, a: Args, r: Reply): void {
  let count = delayedShown
  if (a.count > 3) {
    if (a.count !== 5 || !a.is(3, 'COUNT')) {
      r.error(replies.syntax)
      return
    }
    count = a.int(4)
    if (!(count >= 1)) {
      r.error('ERR COUNT must be > 0')
      return
    }
  }
  const { engine } = c.broker
  const key = a.copy(2)
  const mark = r.deferred()
  let shown = 0
  eachDue(engine, engine.dbs[c.db]!, -Infinity, ({ kind, rest, atMs }) => {
    const words = kind === 'a' ? delayedWords(rest) : undefined
    if (words === undefined || !words[1]!.equals(key)) return true
    const [ms, n] = rest.toString('latin1', 0, rest.indexOf(32)).split('-')
    r.array(3)
    r.text(`${atMs}-${Number(ms)}-${Number(n)}`)
    r.int(atMs)
    // Options come before the id, which is the first lone star.
    replyWords(r, words.slice(words.findIndex((word) => word.length === 1 && word[0] === 42) + 1))
    return ++shown < count
  })
  r.setArray(mark, shown)
}

function cancel(c: Connection, a: Args, r: Reply): void {
  const ticket = ticketForm.exec(a.text(3))
  if (ticket === null) {
    r.error('ERR Invalid ticket of a delayed entry')
    return
  }
  const [, at, ms, n] = ticket
  const { engine } = c.broker
  const key = a.copy(2)
  const head = Buffer.from(`${dueNumbers(Number(ms), Number(n))} `)
  let found: Buffer | undefined
  eachDue(engine, engine.dbs[c.db]!, Number(at), ({ kind, rest, atMs, member }) => {
    if (atMs !== Number(at)) return false
    if (kind !== 'a' || !rest.subarray(0, head.length).equals(head)) return true
    if (delayedWords(rest)?.[1]?.equals(key) === true) found = member
    return found === undefined
  })
  answering(r, () => r.int(found === undefined ? 0 : Number(writerOf(c).call(['ZREM', dueKey, found]))))
}

function scheduleHelp(_c: Connection, _a: Args, r: Reply): void {
  help(r, [
    'XSCHEDULE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
    'ADD <key> <name> CRON <when> [TZ <zone>] FIELDS <field> <value> [<field> <value> ...]',
    '    Append an entry again and again, at these times.',
    'CANCEL <key> <ticket>',
    '    Forget an entry that waits for its time.',
    'DEL <key> <name>',
    '    Remove a schedule.',
    'DELAYED <key> [COUNT <count>]',
    '    Show the entries that wait for their time.',
    'LIST <key>',
    '    Show the schedules of a stream.',
    'HELP',
    '    Print this help.',
  ])
}

const common = { group: 'stream', since: '8.8.0' } as const
const writeKey: readonly KeySpec[] = [
  { flags: ['RW', 'insert'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
]
const readKey: readonly KeySpec[] = [
  { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
]

const keyArgument: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const nameArgument: ArgumentSpec = { name: 'name', type: 'string' }

export const scheduleCommands: readonly BrokerSpec[] = [{
  ...common, name: 'xschedule', arity: -2, flags: [], summary: 'Schedules of a stream, and entries that wait',
  complexity: 'Depends on subcommand.', subcommands: [
    {
      ...common, name: 'add', arity: -9, flags: ['write', 'denyoom', 'noscript'], keys: writeKey, serve: add,
      summary: 'Has an entry appended again and again', complexity: 'O(log N) for N things that wait',
      arguments: [
        keyArgument, nameArgument,
        { name: 'when', type: 'string', token: 'CRON' },
        { name: 'zone', type: 'string', token: 'TZ', optional: true },
        { name: 'data', type: 'block', token: 'FIELDS', multiple: true, arguments: [
          { name: 'field', type: 'string' },
          { name: 'value', type: 'string' },
        ] },
      ],
    },
    {
      ...common, name: 'cancel', arity: 4, flags: ['write', 'noscript'], keys: writeKey, serve: cancel,
      summary: 'Forgets an entry that waits', complexity: 'O(log N + M) for M that wait for the same time',
      arguments: [keyArgument, { name: 'ticket', type: 'string' }],
    },
    {
      ...common, name: 'del', arity: 4, flags: ['write', 'noscript'], keys: writeKey, serve: remove,
      summary: 'Removes a schedule', complexity: 'O(log N) for N things that wait',
      arguments: [keyArgument, nameArgument],
    },
    {
      ...common, name: 'delayed', arity: -3, flags: ['readonly', 'noscript'], keys: readKey, serve: delayed,
      summary: 'Shows the entries that wait', complexity: 'O(N) for N things that wait',
      arguments: [keyArgument, { name: 'count', type: 'integer', token: 'COUNT', optional: true }],
    },
    {
      ...common, name: 'list', arity: 3, flags: ['readonly', 'noscript'], keys: readKey, serve: list,
      summary: 'Shows the schedules of a stream', complexity: 'O(N) for N schedules',
      arguments: [keyArgument],
    },
    {
      ...common, name: 'help', arity: 2, flags: ['loading', 'stale'], serve: scheduleHelp,
      summary: 'Shows what the subcommands are', complexity: 'O(1)',
    },
  ],
}]
