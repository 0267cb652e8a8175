// MIGRATE: moves keys to another server. https://redis.io/docs/latest/commands/migrate/

import type { Args } from '../../core/args.ts'
import type { KeySpec } from '../../core/commands/spec.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { migrateTimeoutMs } from '../limits.ts'
import { beginMigration } from '../migration/migration.ts'

/** Where KEYS stands, 0 when it doesn't. */
function keysWord(a: Args, offset: number): number {
  for (let i = offset + 6; i < a.count; i++) {
    if (a.is(i, 'KEYS')) return i
    if (a.is(i, 'AUTH') && i + 1 < a.count) i++
    else if (a.is(i, 'AUTH2') && i + 2 < a.count) i += 2
  }
  return 0
}

/** Both forms in which keys are named, as the options say: their first argument and where they end. */
function keyRange(a: Args, offset: number): readonly [number, number] | undefined {
  const keys = keysWord(a, offset)
  if (keys > 0 && a.size(offset + 3) > 0) return undefined
  return keys > 0 ? [keys + 1, a.count] : [offset + 3, offset + 4]
}

const moved = ['RW', 'access', 'delete'] as const
const keySpecs: readonly KeySpec[] = [
  { flags: moved, begin: { index: 3 }, find: { last: 0, step: 1, limit: 0 }, range: keyRange },
  {
    flags: [...moved, 'incomplete'], begin: { keyword: 'KEYS', from: -2 }, find: { last: -1, step: 1, limit: 0 },
    range: () => [0, 0],
  },
]

function migrate(c: Connection, a: Args, r: Reply): void {
  let copies = false
  let replaces = false
  let login: Buffer[] = []
  const keys = keysWord(a, 0)
  const optionsEnd = keys > 0 ? keys : a.count
  for (let i = 6; i < optionsEnd; i++) {
    if (a.is(i, 'COPY')) copies = true
    else if (a.is(i, 'REPLACE')) replaces = true
    else if (a.is(i, 'AUTH') && i + 1 < optionsEnd) login = [a.copy(++i)]
    else if (a.is(i, 'AUTH2') && i + 2 < optionsEnd) login = [a.copy(++i), a.copy(++i)]
    else return r.error(replies.syntax)
  }
  if (keys > 0 && a.size(3) > 0) {
    return r.error('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string')
  }
  const timeoutMs = a.int(5)
  const db = a.int(4)
  if (Number.isNaN(timeoutMs) || Number.isNaN(db)) return r.error(replies.notInteger)

  const [from, to] = keys > 0 ? [keys + 1, a.count] : [3, 4]
  const found = new Map<string, Buffer>()
  const space = c.broker.engine.dbs[c.db]!
  for (let i = from; i < to; i++) {
    const hash = space.hash(a.buf, a.start[i]!, a.end[i]!)
    if (space.lookupRead(a.buf, a.start[i]!, a.end[i]!, hash) !== 0) found.set(a.text(i), a.copy(i))
  }
  if (found.size === 0) return r.simple('NOKEY')
  if (!c.mayBlock) return r.error('ERR MIGRATE waits for another server, which transactions and scripts can not do')

  beginMigration(c.broker, c, {
    // As C's atoi and htons read a port.
    address: { host: a.text(1), port: Number.parseInt(a.text(2), 10) & 0xffff, login },
    db, timeoutMs: timeoutMs > 0 ? timeoutMs : migrateTimeoutMs, copies, replaces, keys: [...found.values()],
  })
}

export const migrateCommands: readonly BrokerSpec[] = [{
  name: 'migrate', arity: -6, flags: ['write', 'movablekeys'], group: 'generic', categories: ['keyspace', 'dangerous'],
  since: '2.6.0', summary: 'Moves keys to another server.',
  complexity: 'This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. '
    + 'See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is '
    + 'performed.',
  tips: ['nondeterministic_output'], keys: keySpecs,
  history: [
    ['3.0.0', 'Added the `COPY` and `REPLACE` options.'], ['3.0.6', 'Added the `KEYS` option.'],
    ['4.0.7', 'Added the `AUTH` option.'], ['6.0.0', 'Added the `AUTH2` option.'],
  ],
  arguments: [
    { name: 'host', type: 'string' }, { name: 'port', type: 'integer' },
    {
      name: 'key-selector', type: 'oneof', arguments: [
        { name: 'key', type: 'key', keySpec: 0 }, { name: 'empty-string', type: 'pure-token', token: '' },
      ],
    },
    { name: 'destination-db', type: 'integer' }, { name: 'timeout', type: 'integer' },
    { name: 'copy', type: 'pure-token', token: 'COPY', optional: true, since: '3.0.0' },
    { name: 'replace', type: 'pure-token', token: 'REPLACE', optional: true, since: '3.0.0' },
    {
      name: 'authentication', type: 'oneof', optional: true, arguments: [
        { name: 'auth', display: 'password', type: 'string', token: 'AUTH', since: '4.0.7' },
        {
          name: 'auth2', type: 'block', token: 'AUTH2', since: '6.0.0',
          arguments: [{ name: 'username', type: 'string' }, { name: 'password', type: 'string' }],
        },
      ],
    },
    {
      name: 'keys', display: 'key', type: 'key', keySpec: 1, token: 'KEYS', optional: true, multiple: true,
      since: '3.0.6',
    },
  ],
  serve: migrate,
}]
