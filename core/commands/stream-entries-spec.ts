// Declarations of the commands that append, remove and read entries of a stream.

import type { ArgumentSpec, CommandSpec } from './spec.ts'
import { xadd } from './stream-append.ts'
import { xdel, xlen, xsetid, xtrim } from './stream-entries.ts'
import { xcfgset, xidmprecord } from './stream-idempotence.ts'
import { xrange, xrevrange } from './stream-range.ts'
import { xread, xreadgroup } from './stream-read.ts'
import { xdelex } from './stream-references.ts'

/** What becomes of pending entries when their entry is deleted. */
const condition: ArgumentSpec = {
  name: 'condition', type: 'oneof', since: '8.2.0', optional: true, arguments: [
    { name: 'keepref', type: 'pure-token', token: 'KEEPREF' },
    { name: 'delref', type: 'pure-token', token: 'DELREF' },
    { name: 'acked', type: 'pure-token', token: 'ACKED' },
  ],
}
const ids: ArgumentSpec = {
  name: 'ids', type: 'block', token: 'IDS', arguments: [
    { name: 'numids', type: 'integer' },
    { name: 'id', type: 'string', multiple: true },
  ],
}

export const streamEntryCommands: readonly CommandSpec[] = [
  {
    name: 'xadd',
    arity: -5,
    flags: ['write', 'denyoom', 'fast'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Appends an entry to a stream, which is made if absent',
    complexity: 'O(1) to append, O(N) to trim N entries',
    keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'nomkstream', type: 'pure-token', token: 'NOMKSTREAM', since: '6.2.0', optional: true },
      condition,
      { name: 'idmp', type: 'oneof', since: '8.6.0', optional: true, arguments: [
          { name: 'auto', type: 'block', token: 'IDMPAUTO', arguments: [{ name: 'producer-id', type: 'string' }] },
          { name: 'manual', type: 'block', token: 'IDMP', arguments: [
              { name: 'producer-id', type: 'string' },
              { name: 'idempotent-id', type: 'string' },
            ] },
        ] },
      { name: 'last-id', type: 'string', token: 'EXPECT', optional: true },
      { name: 'time', type: 'oneof', optional: true, arguments: [
          { name: 'unix-time-milliseconds', type: 'unix-time', token: 'AT' },
          { name: 'milliseconds', type: 'integer', token: 'DELAY' },
        ] },
      { name: 'milliseconds', type: 'integer', token: 'TTL', optional: true },
      { name: 'trim', type: 'block', optional: true, arguments: [
          { name: 'strategy', type: 'oneof', arguments: [
              { name: 'maxlen', type: 'pure-token', token: 'MAXLEN' },
              { name: 'minid', type: 'pure-token', token: 'MINID', since: '6.2.0' },
            ] },
          { name: 'operator', type: 'oneof', optional: true, arguments: [
              { name: 'equal', type: 'pure-token', token: '=' },
              { name: 'approximately', type: 'pure-token', token: '~' },
            ] },
          { name: 'threshold', type: 'string' },
          { name: 'count', type: 'integer', token: 'LIMIT', since: '6.2.0', optional: true },
        ] },
      { name: 'id_or_auto', type: 'oneof', arguments: [
          { name: 'auto_id', type: 'pure-token', token: '*' },
          { name: 'id', type: 'string' },
        ] },
      { name: 'field_value', type: 'block', multiple: true, arguments: [
          { name: 'field', type: 'string' },
          { name: 'value', type: 'string' },
        ] },
    ],
    history: [
      ['6.2.0', 'Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option'],
      ['7.0.0', 'Added support for the `<ms>-*` explicit ID form'],
      ['8.2.0', 'Added the `KEEPREF`, `DELREF` and `ACKED` options'],
      ['8.6.0', 'Added the `IDMP` and `IDMPAUTO` options'],
    ],
    tips: ['nondeterministic_output'],
    run: xadd,
  },
  {
    name: 'xtrim',
    arity: -4,
    flags: ['write'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Removes entries from the beginning of a stream',
    complexity: 'O(N) for N removed entries',
    keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'trim', type: 'block', arguments: [
          { name: 'strategy', type: 'oneof', arguments: [
              { name: 'maxlen', type: 'pure-token', token: 'MAXLEN' },
              { name: 'minid', type: 'pure-token', token: 'MINID', since: '6.2.0' },
            ] },
          { name: 'operator', type: 'oneof', optional: true, arguments: [
              { name: 'equal', type: 'pure-token', token: '=' },
              { name: 'approximately', type: 'pure-token', token: '~' },
            ] },
          { name: 'threshold', type: 'string' },
          { name: 'count', type: 'integer', token: 'LIMIT', since: '6.2.0', optional: true },
        ] },
      condition,
    ],
    history: [
      ['6.2.0', 'Added the `MINID` trimming strategy and the `LIMIT` option'],
      ['8.2.0', 'Added the `KEEPREF`, `DELREF` and `ACKED` options'],
    ],
    tips: ['nondeterministic_output'],
    run: xtrim,
  },
  {
    name: 'xdel',
    arity: -3,
    flags: ['write', 'fast'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Removes entries by their ids, and counts them',
    complexity: 'O(1) for each entry',
    keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'id', type: 'string', multiple: true },
    ],
    run: xdel,
  },
  {
    name: 'xdelex',
    arity: -5,
    flags: ['write', 'fast'],
    group: 'stream',
    since: '8.2.0',
    summary: 'Removes entries by their ids, with a say on what is pending',
    complexity: 'O(1) for each entry, and O(log N) for each group with N pending entries',
    keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }, condition, ids],
    run: xdelex,
  },
  {
    name: 'xcfgset',
    arity: -2,
    flags: ['write', 'fast'],
    group: 'stream',
    since: '8.6.0',
    summary: 'Sets how long, and how many, ids of producers a stream remembers',
    complexity: 'O(1), and O(N) for N remembered ids that are forgotten',
    keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'idmp-duration', type: 'integer', token: 'IDMP-DURATION', optional: true },
      { name: 'idmp-maxsize', type: 'integer', token: 'IDMP-MAXSIZE', optional: true },
    ],
    run: xcfgset,
  },
  {
    name: 'xidmprecord',
    arity: 5,
    flags: ['write', 'denyoom', 'fast'],
    group: 'stream',
    since: '8.8.0',
    summary: 'Remembers under which id a producer added an entry (internal: logs have it)',
    complexity: 'O(1)',
    keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'pid', type: 'string' },
      { name: 'iid', type: 'string' },
      { name: 'stream-id', type: 'string' },
    ],
    docFlags: ['syscmd'],
    run: xidmprecord,
  },
  {
    name: 'xlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Counts the entries of a stream',
    complexity: 'O(1)',
    keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
    ],
    run: xlen,
  },
  {
    name: 'xsetid',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Sets the counters of a stream (for replication)',
    complexity: 'O(1)',
    keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'last-id', type: 'string' },
      { name: 'entries_added', type: 'integer', token: 'ENTRIESADDED', since: '7.0.0', optional: true },
      { name: 'max_deleted_entry_id', type: 'string', token: 'MAXDELETEDID', since: '7.0.0', optional: true },
    ],
    history: [
      ['7.0.0', 'Added the `entries_added` and `max_deleted_entry_id` arguments'],
    ],
    run: xsetid,
  },
  {
    name: 'xrange',
    arity: -4,
    flags: ['readonly'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Lists the entries between two ids',
    complexity: 'O(N) for N listed entries',
    keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'string' },
      { name: 'end', type: 'string' },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    history: [
      ['6.2.0', 'Added exclusive ranges'],
    ],
    run: xrange,
  },
  {
    name: 'xrevrange',
    arity: -4,
    flags: ['readonly'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Lists the entries between two ids, the newest first',
    complexity: 'O(N) for N listed entries',
    keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'end', type: 'string' },
      { name: 'start', type: 'string' },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    history: [
      ['6.2.0', 'Added exclusive ranges'],
    ],
    run: xrevrange,
  },
  {
    name: 'xread',
    arity: -4,
    flags: ['readonly', 'blocking', 'movablekeys'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Reads what is newer than the given ids from several streams, waiting for it if asked',
    complexity: 'O(N) for N entries read, for each stream',
    keys: [{ flags: ['RO', 'access'], begin: { keyword: 'STREAMS', from: 1 }, find: { last: -1, step: 1, limit: 2 } }],
    arguments: [
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
      { name: 'milliseconds', type: 'integer', token: 'BLOCK', optional: true },
      { name: 'streams', type: 'block', token: 'STREAMS', arguments: [
          { name: 'key', type: 'key', keySpec: 0, multiple: true },
          { name: 'id', type: 'string', multiple: true },
        ] },
    ],
    run: xread,
  },
  {
    name: 'xreadgroup',
    arity: -7,
    flags: ['write', 'blocking', 'movablekeys'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Reads as a consumer of a group: new entries, or those still pending for it',
    complexity: 'O(N) for N entries read, for each stream',
    keys: [{ flags: ['RO', 'access'], begin: { keyword: 'STREAMS', from: 4 }, find: { last: -1, step: 1, limit: 2 } }],
    arguments: [
      { name: 'group_consumer', type: 'block', token: 'GROUP', arguments: [
          { name: 'group', type: 'string' },
          { name: 'consumer', type: 'string' },
        ] },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
      { name: 'milliseconds', type: 'integer', token: 'BLOCK', optional: true },
      { name: 'min-idle-time', type: 'integer', token: 'CLAIM', since: '8.4.0', optional: true },
      { name: 'noack', type: 'pure-token', token: 'NOACK', optional: true },
      { name: 'streams', type: 'block', token: 'STREAMS', arguments: [
          { name: 'key', type: 'key', keySpec: 0, multiple: true },
          { name: 'id', type: 'string', multiple: true },
        ] },
    ],
    history: [
      ['8.4.0', 'Added the `CLAIM` option'],
    ],
    run: xreadgroup,
  },
]
