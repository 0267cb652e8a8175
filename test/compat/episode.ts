// Makes an episode: some hundreds of commands over a few connections, from one seed. Besides
// single commands it plays scenes that need several steps: transactions with a rival writer,
// blocked readers that are woken, keys that expire, ids from the clock of a stream ahead of it.
import { nameOf } from './containers.ts'
import { drawCommand, type CommandShape, type Shape } from './grammar.ts'
import { aclCommands } from './families/acl.ts'
import { bitmapCommands } from './families/bitmap.ts'
import { connectionCommands } from './families/connection.ts'
import { genericCommands } from './families/generic.ts'
import { hyperloglogCommands } from './families/hyperloglog.ts'
import { geoCommands } from './families/geo.ts'
import { hashCommands } from './families/hash.ts'
import { listCommands } from './families/list.ts'
import { pubsubCommands } from './families/pubsub.ts'
import { scriptingCommands } from './families/scripting.ts'
import { serverCommands } from './families/server.ts'
import { setCommands } from './families/set.ts'
import { sortCommands } from './families/sort.ts'
import { streamCommands } from './families/stream.ts'
import { stringCommands } from './families/string.ts'
import { transactionCommands } from './families/transaction.ts'
import { zsetCommands } from './families/zset.ts'
import { anyKey, consumer, group, listKey, oddNumbers, streamKey, stringKey, value, zsetKey } from './pool.ts'
import { seededRandom, type Random } from './random.ts'

export type Command = string[]

/**
 * One step. `send`: commands on a connection, replies awaited; the shrinker keeps them together.
 * `hold`: a command that may block, whose reply is read at the `release`. `lapse`: a command that
 * gives a key a millisecond to live; the next step begins when that is over.
 */
export type Step =
  | { kind: 'send', conn: number, commands: Command[] }
  | { kind: 'hold', conn: number, command: Command }
  | { kind: 'release', conn: number, reason: 'TIMEOUT' | 'ERROR' }
  | { kind: 'lapse', conn: number, command: Command }

export type Episode = { seed: number, protocol: 2 | 3, steps: Step[] }

export const families = {
  string: stringCommands,
  bitmap: bitmapCommands,
  hyperloglog: hyperloglogCommands,
  hash: hashCommands,
  list: listCommands,
  set: setCommands,
  sort: sortCommands,
  generic: genericCommands,
  stream: streamCommands,
  zset: zsetCommands,
  geo: geoCommands,
  connection: connectionCommands,
  server: serverCommands,
  transaction: transactionCommands,
  pubsub: pubsubCommands,
  acl: aclCommands,
  scripting: scriptingCommands,
} as const
export type Family = keyof typeof families

const familyWeights: Record<Family, number> = {
  string: 30,
  bitmap: 12,
  hyperloglog: 6,
  hash: 30,
  list: 24,
  set: 30,
  sort: 12,
  generic: 20,
  stream: 42,
  connection: 3,
  server: 4,
  transaction: 2,
  pubsub: 3,
  acl: 2,
  scripting: 12,
  zset: 30,
  geo: 12,
}
export const connections = 4

/** What an episode is drawn from. */
export type Menu = {
  families: readonly Family[]
  /** Commands left out, in upper case (a subcommand as `XINFO STREAM`). */
  skip: ReadonlySet<string>
}

export function makeEpisode(seed: number, commands: number, menu: Menu): Episode {
  const r = seededRandom(seed)
  const protocol = r.chance(0.5) ? 2 : 3
  const steps: Step[] = []
  const kitchen = new Kitchen(r, menu)
  let made = 0
  groupJobs(r, steps, kitchen)
  while (made < commands) {
    const scene = r.below(100)
    const before = steps.length
    if (scene < 3) transaction(r, kitchen, steps)
    else if (scene < 5) blockedReaders(r, kitchen, steps)
    else if (scene < 6) clockIds(r, steps, kitchen)
    else if (scene < 14) groupJobs(r, steps, kitchen)
    else if (scene < 16) otherDatabase(r, steps, kitchen)
    else if (r.below(400) === 0) expiry(r, steps, kitchen)
    else plain(r, kitchen, steps)
    made += Math.max(1, steps.length - before)
  }
  return { seed, protocol, steps: withPreparations(steps) }
}

/**
 * Puts before commands what makes both servers answer alike. From 7.2 on a consumer comes to be even when it gets
 * nothing, in 7.0 only with its first entry: every command that names a consumer has it made first. SORT of 7.0 takes
 * an error that an earlier command met for its own, and may meet one itself as it converts a sorted set: one is
 * converted first, and a ZADD that changes nothing clears the error. DBSIZE counts keys whose time is over until a
 * server finds them at a moment of its own: a SCAN finds them before.
 */
function withPreparations(steps: readonly Step[]): Step[] {
  const settled: Step[] = []
  for (const step of steps) {
    if (step.kind === 'send') {
      const commands = step.commands.flatMap((command) => [...preparationsOf(command), command])
      settled.push({ ...step, commands })
      continue
    }
    if (step.kind === 'hold') {
      const commands = consumersOf(step.command)
      if (commands.length > 0) settled.push({ kind: 'send', conn: step.conn, commands })
    }
    settled.push(step)
  }
  return settled
}

function preparationsOf(command: Command): Command[] {
  if (/^dbsize$/i.test(command[0]!)) return [['SCAN', '0', 'COUNT', '10000']]
  if (!/^sort(_ro)?$/i.test(command[0]!) || command[1] === undefined) return consumersOf(command)
  return [['SORT_RO', command[1], 'BY', 'nosort', 'LIMIT', '0', '0'], ['ZADD', 'never', 'XX', '1', 'member']]
}

function consumersOf(command: Command): Command[] {
  const words = command.map((word) => word.toUpperCase())
  if ((words[0] === 'XCLAIM' || words[0] === 'XAUTOCLAIM') && command.length > 3) {
    return [['XGROUP', 'CREATECONSUMER', ...command.slice(1, 4)]]
  }
  const at = words.indexOf('GROUP')
  const streams = words.indexOf('STREAMS')
  if (words[0] !== 'XREADGROUP' || at < 0 || streams < at || at + 2 >= command.length) return []
  const named = Math.floor((command.length - streams - 1) / 2)
  const keys = command.slice(streams + 1, streams + 1 + named)
  return keys.map((key) => ['XGROUP', 'CREATECONSUMER', key, command[at + 1]!, command[at + 2]!])
}

/** Draws commands by family and weight, and spoils a few of them. */
class Kitchen {
  readonly menu: Menu
  #r: Random
  #familyBag: Family[]

  constructor(r: Random, menu: Menu) {
    this.#r = r
    this.menu = menu
    this.#familyBag = menu.families.flatMap((name) => Array<Family>(familyWeights[name]).fill(name))
  }

  draw(): Command {
    for (let tries = 0; tries < 50; tries++) {
      const command = this.from(families[this.#r.pick(this.#familyBag)])
      if (!this.skips(command)) return command
    }
    return ['PING']
  }

  from(table: readonly CommandShape[]): Command {
    const row = drawCommand(this.#r, table)
    const command = [row.name, ...row.args(this.#r)]
    if (this.#r.chance(0.01)) command[0] = row.name.toLowerCase()
    if (row.fragile || !this.#r.chance(0.06)) return command
    const spoilt = spoil(this.#r, command)
    return isUnfit(spoilt) ? command : spoilt
  }

  skips(command: Command): boolean {
    const { skip } = this.menu
    return skip.has((command[0] ?? '').toUpperCase()) || skip.has(nameOf(command))
  }
}

/** What would be no error: a word where 7.2 has WITHSCORE, and a string of hundreds of MB that replies are full of. */
function isUnfit(command: Command): boolean {
  const name = command[0]!.toUpperCase()
  if (name === 'ZRANK' || name === 'ZREVRANK') return command.length === 4
  return (name === 'SETBIT' || name === 'BITFIELD')
    && command.slice(2).some((word) => Number(word) >= 2 ** 28 && Number(word) < 2 ** 32)
}

/** Breaks a command's arguments in one way; its name stays. */
function spoil(r: Random, command: Command): Command {
  const args = command.slice(1)
  const at = r.below(Math.max(1, args.length))
  switch (r.below(6)) {
    case 0: args.splice(at, 1); break
    case 1: args.splice(at, 0, r.pick(oddNumbers)); break
    case 2: args.push(...value(r)); break
    case 3: args[at] = r.pick(oddNumbers); break
    case 4: args.splice(at, 1, ...anyKey(r)); break
    default: args.reverse()
  }
  return [command[0]!, ...args]
}

const connection = (r: Random): number => r.chance(0.9) ? 0 : 1
const send = (conn: number, ...commands: Command[]): Step => ({ kind: 'send', conn, commands })

/** A run of single commands on one connection: long runs make good pipelines. */
function plain(r: Random, kitchen: Kitchen, steps: Step[]): void {
  const conn = connection(r)
  for (let n = 1 + r.below(12); n > 0; n--) steps.push(send(conn, kitchen.draw()))
}

/** WATCH, maybe a rival's write, MULTI, some commands, EXEC or DISCARD. */
function transaction(r: Random, kitchen: Kitchen, steps: Step[]): void {
  if (kitchen.skips(['MULTI']) || kitchen.skips(['EXEC'])) return
  const conn = connection(r)
  if (r.chance(0.5) && !kitchen.skips(['WATCH'])) {
    steps.push(send(conn, ['WATCH', ...anyKey(r), ...anyKey(r)]))
    if (r.chance(0.6)) steps.push(send(1 - conn, kitchen.draw()))
    if (r.chance(0.2)) steps.push(send(conn, kitchen.draw()))
  }
  steps.push(send(conn, ['MULTI']))
  for (let n = r.below(6); n > 0; n--) steps.push(send(conn, kitchen.draw()))
  if (r.chance(0.2)) steps.push(send(1 - conn, kitchen.draw()))
  steps.push(send(conn, [r.chance(0.85) || kitchen.skips(['DISCARD']) ? 'EXEC' : 'DISCARD']))
}

/** One or two readers block; the first connection goes on writing; then they are released. */
function blockedReaders(r: Random, kitchen: Kitchen, steps: Step[]): void {
  const read = kitchen.skips(['XREAD']) ? null : blockingRead
  const readGroup = kitchen.skips(['XREADGROUP']) ? null : blockingGroupRead
  const pop = kitchen.skips(['BLPOP']) ? null : blockingPop
  const zpop = kitchen.skips(['BZPOPMIN']) ? null : blockingZsetPop
  const choices = [read, readGroup, pop, pop, zpop].filter((shape) => shape !== null)
  if (choices.length === 0) return
  const readers = r.chance(0.5) ? [2, 3] : [2]
  for (const conn of readers) steps.push({ kind: 'hold', conn, command: r.pick(choices)(r) })
  for (let n = 1 + r.below(6); n > 0; n--) {
    const write = r.chance(0.5) ? kitchen.from(r.pick([streamCommands, listCommands, zsetCommands])) : kitchen.draw()
    if (!kitchen.skips(write)) steps.push(send(0, write))
  }
  for (const conn of readers) {
    steps.push({ kind: 'release', conn, reason: r.chance(0.8) ? 'TIMEOUT' : 'ERROR' })
  }
}

const blockingRead: Shape = (r) => [
  'XREAD', ...(r.chance(0.3) ? ['COUNT', '2'] : []), 'BLOCK', r.pick(['0', '100000']), 'STREAMS',
  ...streamKey(r), ...streamKey(r), '$', r.pick(['$', '18446744073709551614-0']),
]
const blockingGroupRead: Shape = (r) => [
  'XREADGROUP', 'GROUP', ...group(r), ...consumer(r), ...(r.chance(0.3) ? ['COUNT', '2'] : []),
  'BLOCK', r.pick(['0', '100000']), ...(r.chance(0.2) ? ['NOACK'] : []),
  'STREAMS', ...streamKey(r), '>',
]

/** One key each: from 7.2 on a woken command looks at its keys anew, in their order, where 7.0 takes the one that woke it. */
const blockingPop: Shape = (r) => {
  const forever = r.pick(['0', '100000'])
  const side = r.pick(['LEFT', 'RIGHT'])
  return r.pick([
    ['BLPOP', ...listKey(r), forever], ['BRPOP', ...listKey(r), forever],
    ['BLMOVE', ...listKey(r), ...listKey(r), side, r.pick(['LEFT', 'RIGHT']), forever],
    ['BRPOPLPUSH', ...listKey(r), ...listKey(r), forever],
    ['BLMPOP', forever, '1', ...listKey(r), side, 'COUNT', r.pick(['1', '3'])],
  ])
}

const blockingZsetPop: Shape = (r) => {
  const forever = r.pick(['0', '100000'])
  return r.pick([
    ['BZPOPMIN', ...zsetKey(r), forever], ['BZPOPMAX', ...zsetKey(r), ...zsetKey(r), forever],
    ['BZMPOP', forever, '1', ...zsetKey(r), r.pick(['MIN', 'MAX']), 'COUNT', r.pick(['1', '3'])],
  ])
}

/** Jobs are added, delivered to a group and dealt with, so that pending lists are rarely empty. */
function groupJobs(r: Random, steps: Step[], kitchen: Kitchen): void {
  if (!kitchen.menu.families.includes('stream')) return
  const key = r.pick(['x1', 'x1', 'x2'])
  const ids = Array.from({ length: 1 + r.below(3) }, () => {
    r.tick()
    return `${r.ticks()}-1`
  })
  const wanted: Command[] = [
    ...(r.chance(0.05) ? [['DEL', key]] : []),
    ['XGROUP', 'CREATE', key, 'g1', r.pick(['0', '$']), 'MKSTREAM'],
    ...ids.map((id) => ['XADD', key, id, 'job', ...value(r)]),
    ['XREADGROUP', 'GROUP', 'g1', ...consumer(r), 'COUNT', '3', 'STREAMS', key, '>'],
  ]
  for (let n = r.below(5); n > 0; n--) {
    const id = r.pick(ids)
    const [by, other] = [consumer(r)[0]!, consumer(r)[0]!]
    wanted.push(r.pick([
      ['XACK', key, 'g1', ...ids.slice(r.below(2))], ['XPENDING', key, 'g1'], ['XDEL', key, id],
      ['XPENDING', key, 'g1', '-', '+', '10', by], ['XCLAIM', key, 'g1', by, '0', id],
      ['XCLAIM', key, 'g1', by, '0', ...ids, 'RETRYCOUNT', '3', 'JUSTID'], ['XINFO', 'GROUPS', key],
      ['XAUTOCLAIM', key, 'g1', by, '0', id, 'COUNT', '2'], ['XINFO', 'STREAM', key, 'FULL'],
      ['XREADGROUP', 'GROUP', 'g1', other, 'STREAMS', key, r.pick(['0', '>', id])],
      ['XINFO', 'CONSUMERS', key, 'g1'], ['XGROUP', 'DELCONSUMER', key, 'g1', by],
      ['XTRIM', key, 'MINID', id], ['XRANGE', key, id, '+'],
      ['XREVRANGE', key, '+', '-', 'COUNT', '3'],
    ]))
  }
  for (const command of wanted) if (!kitchen.skips(command)) steps.push(send(0, command))
}

/** A short visit to another database: the first one stays the one where things happen. */
function otherDatabase(r: Random, steps: Step[], kitchen: Kitchen): void {
  if (kitchen.skips(['SELECT'])) return
  const conn = connection(r)
  steps.push(send(conn, ['SELECT', r.pick(['1', '2', '15'])]))
  for (let n = r.below(5); n > 0; n--) steps.push(send(conn, kitchen.draw()))
  steps.push(send(conn, ['SELECT', '0']))
}

/** The id of `XADD *` is settled when the stream's last id is ahead of the clock. */
function clockIds(r: Random, steps: Step[], kitchen: Kitchen): void {
  if (kitchen.skips(['XADD'])) return
  const ahead = ['XADD', 'ahead', '99999999999999-0', ...value(r), ...value(r)]
  steps.push(send(connection(r), ahead, ['XADD', 'ahead', '*', 'f', ...value(r)]))
}

/** A key with a short life, which is over before anything else is asked. */
function expiry(r: Random, steps: Step[], kitchen: Kitchen): void {
  if (kitchen.skips(['SET']) || kitchen.skips(['PEXPIRE'])) return
  const command = r.chance(0.5)
    ? ['SET', ...stringKey(r), ...value(r), 'PX', '1'] : ['PEXPIRE', ...anyKey(r), '1']
  steps.push({ kind: 'lapse', conn: 0, command })
}
