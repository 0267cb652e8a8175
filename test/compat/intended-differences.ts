// Where Millrace differs from redis-server 7.0.15 by intent, because it serves Redis 7.4's
// commands or because the reply shows a server's inner parts. Each line has its reason, and its
// rule takes away only what differs.
import { containers } from './containers.ts'
import { mayBeSetKey } from './pool.ts'
import { kindOnly, mapFields, mapItems, sortItems, type Rule, type Settled } from './settle.ts'

export type IntendedDifference = {
  /** The command, or the command and its subcommand. */
  command: string
  reason: string
  settle: Rule
}

const dropFields = (...names: string[]) => (value: Settled): Settled =>
  mapFields(value, (field, item) => names.includes(field) ? null : item)

/** A model of streams holds these, in test/core/commands/stream.test.ts. */
const groupCounters = ['lag', 'entries-read']

const maskFields = (...names: string[]) => (value: Settled): Settled =>
  mapFields(value, (field, item) => names.includes(field) ? kindOnly(item, 'ours', []) : item)

const maskedError: Settled = { type: '-', value: '(masked)' }
const isError = (value: Settled, text: RegExp): boolean =>
  value.type === '-' && text.test(String(value.value))

/** Of a reply of several streams only the first: a pair in RESP2, key and entries in RESP3. */
const firstStream = (value: Settled): Settled => !Array.isArray(value.value) ? value
  : { ...value, value: value.value.slice(0, value.type === '%' ? 2 : 1) }

/** True when BITCOUNT or BITPOS (whose range begins at word `from`) is wrong whatever the key holds. */
function badBitRange(words: readonly string[], from: number): boolean {
  const integers = words.slice(2, from + 2)
  if (words.length > from + 3 || (from === 2 && words.length === 3)) return true
  if (words.length === from + 3 && !/^(bit|byte)$/i.test(words[from + 2]!)) return true
  return integers.some((word) => !/^(0|-?[1-9]\d*)$/.test(word) || BigInt.asIntN(64, BigInt(word)) !== BigInt(word))
}
/** A double's text: 7.0 prints 17 digits, 7.2 and later the fewest that read back. Other texts stay. */
const asNumber = (value: Settled): Settled => {
  const isDouble = (value.type === '$' || value.type === ',') && /^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(String(value.value))
  return isDouble ? { ...value, value: String(Number(value.value)) } : value
}
const asNumbers = (value: Settled): Settled =>
  Array.isArray(value.value) ? { ...value, value: value.value.map(asNumbers) } : asNumber(value)

/** Numbers to twelve digits. */
const roughly = (value: Settled): Settled => {
  if (Array.isArray(value.value)) return { ...value, value: value.value.map(roughly) }
  return /^\d+\.\d{6,}(e[+-]\d+)?$/.test(String(value.value)) ? { ...value, value: Number(value.value).toPrecision(12) } : value
}

export const intendedDifferences: readonly IntendedDifference[] = [
  {
    command: 'ZRANGE',
    reason: 'g3 may hold distances: the last bit of a sine is another one in the C library than in V8',
    settle: (value, _side, command) => command[1] === 'g3' ? roughly(value) : value,
  },
  ...[
    'ZADD', 'ZINCRBY', 'ZSCORE', 'ZMSCORE', 'ZRANGE', 'ZREVRANGE', 'ZRANGEBYSCORE', 'ZREVRANGEBYSCORE', 'ZPOPMIN', 'ZPOPMAX',
    'BZPOPMIN', 'BZPOPMAX', 'ZMPOP', 'BZMPOP', 'ZRANDMEMBER', 'ZSCAN', 'ZUNION', 'ZINTER', 'ZDIFF',
  ].map((command): IntendedDifference => ({
    command,
    reason: 'doubles have the fewest digits that read back from 7.2 on, 17 in 7.0',
    settle: asNumbers,
  })),
  ...['EVAL', 'EVAL_RO', 'EVALSHA', 'EVALSHA_RO'].map((command): IntendedDifference => ({
    command,
    reason: 'the same holds for numbers that a script gives to a command',
    settle: (value) => /^0\.\d{17}$/.test(String(value.value)) ? asNumber(value) : value,
  })),
  ...['BZPOPMIN', 'BZPOPMAX', 'BZMPOP'].map((command): IntendedDifference => ({
    command,
    reason: 'a timeout beyond 64 bits is out of range from 7.2 on; 7.0 lets it wrap around to less than nothing',
    settle: (value, side) => {
      const wanted = side === 'ours' ? /^ERR timeout is out of range/ : /^ERR timeout is negative/
      return isError(value, wanted) ? maskedError : value
    },
  })),
  {
    command: 'HELLO',
    reason: 'version and id are the server\'s own',
    settle: maskFields('version', 'id', 'modules'),
  },
  {
    command: 'XINFO CONSUMERS',
    reason: '`inactive` came with 7.2',
    settle: (value) => mapItems(value, dropFields('inactive')),
  },
  {
    command: 'XINFO GROUPS',
    reason: 'a group\'s lag, and what it is known to have read, are right behind deleted and trimmed entries from 7.4.2 on',
    settle: (value) => mapItems(value, dropFields(...groupCounters)),
  },
  {
    command: 'XINFO STREAM',
    reason: 'a group\'s lag, and what it is known to have read, are right behind deleted and trimmed entries from 7.4.2 on',
    settle: (value) => mapFields(value, (field, item) =>
      field === 'groups' ? mapItems(item, dropFields(...groupCounters)) : item),
  },
  {
    command: 'XREADGROUP',
    reason: 'from 7.4 on `+` is an id that XREAD has, and refused as such; 7.0 takes it for a wrong id',
    settle: (value, _side, command) => command.includes('+') && value.type === '-' ? maskedError : value,
  },
  {
    command: 'XREAD',
    reason: '`+` came with 7.4: 7.0 takes it for a wrong id',
    settle: (value, _side, command) => command.includes('+') ? maskedError : value,
  },
  ...['XREAD', 'XREADGROUP'].map((command): IntendedDifference => ({
    command,
    reason: '7.2 and later name the command and its own symbol in this error',
    settle: (value) => isError(value, /Unbalanced .* list of streams/) ? maskedError : value,
  })),
  ...['XREAD', 'XREADGROUP'].map((command): IntendedDifference => ({
    command,
    reason: 'a woken read is run again as a whole from 7.2 on; 7.0 serves only the waking stream',
    settle: (value, _side, words) =>
      words.some((word) => word.toUpperCase() === 'BLOCK') ? firstStream(value) : value,
  })),
  {
    command: 'XREADGROUP',
    reason: 'a read whose stream or group goes away is run again from 7.2 on, and fails as it would anew',
    settle: (value, side) => {
      const wanted = side === 'ours'
        ? /^(NOGROUP No such key|WRONGTYPE) /
        : /^(UNBLOCKED the stream key|NOGROUP the consumer group .*) no longer exists/
      return isError(value, wanted) ? maskedError : value
    },
  },
  {
    command: 'OBJECT REFCOUNT',
    reason: 'how often Redis shares a value inside (a queued SET holds it too) is its own affair',
    settle: (value) => value.type === ':' && value.value !== '2147483647'
      ? { ...value, value: '1' } : value,
  },
  {
    command: 'HELLO',
    reason: 'all options are read before the password is tried from 7.2 on',
    settle: (value, side) => {
      const wanted = side === 'ours' ? /^ERR Syntax error in HELLO/ : /^WRONGPASS/
      return isError(value, wanted) ? maskedError : value
    },
  },
  {
    command: 'XINFO STREAM',
    reason: 'the radix tree is an inner part of Redis: only the fields\' presence is compared',
    settle: maskFields('radix-tree-keys', 'radix-tree-nodes'),
  },
  {
    command: 'XINFO STREAM',
    reason: 'a consumer\'s `active-time` came with 7.2',
    settle: (value) => mapFields(value, (field, item) => field !== 'groups' ? item
      : mapItems(item, (group) => mapFields(group, (name, part) => name !== 'consumers' ? part
        : mapItems(part, dropFields('active-time'))))),
  },
  {
    command: 'COMMAND INFO',
    reason: 'flags and categories have no order; tips, key specs and subcommands grew with 7.4',
    settle: (value) => mapItems(value, (entry) => Array.isArray(entry.value)
      ? { ...entry, value: entry.value.slice(0, 7).map(sortItems) } : entry),
  },
  ...([['BITCOUNT', 2], ['BITPOS', 3]] as const).map(([command, from]): IntendedDifference => ({
    command,
    reason: 'arguments are read before the key is looked up from 7.2 on',
    settle: (value, _side, words) => badBitRange(words, from) ? maskedError : value,
  })),
  {
    command: 'OBJECT ENCODING',
    reason: 'from 7.2 on a small list is one listpack, and small sets are listpacks unless they are intsets',
    settle: (value, _side, command) => {
      const either = ['listpack', 'quicklist', ...mayBeSetKey(command[2]!) ? ['hashtable'] : []]
      return either.includes(String(value.value)) ? { ...value, value: `(${either.join(' or ')})` } : value
    },
  },
  {
    command: 'LPOS',
    reason: 'the smallest integer, which can\'t be negated, is refused as a rank from 7.2 on',
    settle: (value, _side, words) => words.includes('-9223372036854775808') ? maskedError : value,
  },
  ...['BLPOP', 'BRPOP', 'BLMOVE', 'BRPOPLPUSH', 'BLMPOP'].map((command): IntendedDifference => ({
    command,
    reason: 'a time beyond 64 bits is out of range from 7.2 on; 7.0 lets it overflow to a negative one',
    settle: (value, side) => isError(value, side === 'ours' ? /^ERR timeout is out of range/ : /^ERR timeout is negative/)
      ? maskedError : value,
  })),
  ...[...containers]
    .map((name): IntendedDifference => ({
      command: `${name} HELP`,
      reason: 'help texts are prose, and 7.4 knows further subcommands',
      settle: (value, side, command) => value.type === '-' ? value : kindOnly(value, side, command),
    })),
]
