// A log with a past: random work of all families over rotations, checkpoints, an archive and restarts, and what was true
// at each moment: from the engine that did it, and from a fold of all entries, one by one, from the first on.

import path from 'node:path'
import { findCommand } from '../../../broker/command.ts'
import { createCommands } from '../../../broker/commands/table.ts'
import { compactionSteps } from '../../../broker/persistence/compaction.ts'
import { createScratch } from '../../../consumers/time-travel/scratch.ts'
import type { Scratch } from '../../../consumers/time-travel/scratch.ts'
import { Args, frameWords } from '../../../core/args.ts'
import { manualClock } from '../../../core/clock.ts'
import { entryDigest, stateDigest } from '../../../core/digest.ts'
import type { Engine } from '../../../core/engine.ts'
import { historyFiles } from '../../../core/log/history-files.ts'
import { readHistory } from '../../../core/log/history.ts'
import { Archive } from '../../../core/log/archive.ts'
import { seededRandom } from '../../../core/random.ts'
import type { Random } from '../../../core/random.ts'
import { Reply } from '../../../core/reply.ts'
import { systemSession } from '../../../core/session.ts'
import { defaultSettings } from '../../../core/settings.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { databases, forget, freshHistory, goOn, place, randomTurn, recover, settle, turn } from '../crash-workload.ts'
import type { History, Node } from '../crash-workload.ts'

/** One key at one moment; '' for an absent one. */
export type KeyTruth = { position: number; ms: number; db: number; key: string; digest: string }
/** All at one moment; `frameEnd`: all entries of its time are before it. */
export type StateTruth = { position: number; ms: number; digest: string }

/** What a command that reads was answered, behind the entry at `position`. */
export type ReplyTruth = { position: number; db: number; words: string[]; reply: string }

export type Past = {
  disk: SimulatedDisk
  /** By position at which a turn ended. */
  history: History
  /** From the engine that did the work. */
  keys: KeyTruth[]
  states: StateTruth[]
  replies: ReplyTruth[]
}

const commands = createCommands()
const names = [
  ...Array.from({ length: 8 }, (_, i) => `key:${i}`), ...Array.from({ length: 3 }, (_, i) => `hash:${i}`),
  ...Array.from({ length: 3 }, (_, i) => `list:${i}`), ...Array.from({ length: 3 }, (_, i) => `zset:${i}`),
  ...Array.from({ length: 3 }, (_, i) => `set:${i}`), 'stream:0', 'stream:1', 'auto', 'count:0', 'float', 'seen:0', 'geo:0',
]

export function randomKey(random: Random): { db: number; key: string } {
  return { db: random.u32() % 3, key: names[random.u32() % names.length]! }
}

export function keyDigest(engine: Engine, db: number, key: string): string {
  const name = Buffer.from(key)
  const space = engine.dbs[db]!
  const entry = space.find(name, 0, name.length, space.hash(name, 0, name.length))
  return entry === 0 ? '' : entryDigest(engine, db, entry).toString('hex')
}

/** Does `turns` turns of work, with a checkpoint now and then. */
export async function makePast(seed: number, turns: number): Promise<Past> {
  const random = seededRandom(seed)
  const disk = new SimulatedDisk()
  const history = freshHistory()
  const past: Past = { disk, history, keys: [], states: [], replies: [] }
  let node = goOn(recover(disk, seed), 'everysec', history)
  for (let i = 0; i < turns; i++) {
    turn(node, randomTurn(random, i))
    if (random.u32() % 3 === 0) disk.runLater()
    if (!node.log.holding) note(past, node, random)
    node.clock.advance(random.u32() % 3 === 0 ? 0 : random.u32() % 120)
    node.log.tick(node.clock.monotonicMs())
    if (random.u32() % 40 === 0) await checkpoint(node, random.u32() % 2 === 0)
    if (random.u32() % 60 === 0) node = await restart(node, seed + i)
  }
  await close(node)
  return past
}

function note(past: Past, node: Node, random: Random): void {
  const { engine, log } = node
  if (log.sealed === 0) return
  const at = { position: log.sealed, ms: engine.now }
  past.states.push({ ...at, digest: stateDigest(engine) })
  for (let i = 0; i < 4; i++) {
    const { db, key } = randomKey(random)
    past.keys.push({ ...at, db, key, digest: keyDigest(engine, db, key) })
    const words = reads[random.u32() % reads.length]!(key)
    past.replies.push({ position: log.sealed, db, words, reply: replyOf(engine, db, words) })
  }
}

const reads: readonly ((key: string) => string[])[] = [
  (key) => ['TYPE', key], (key) => ['PEXPIRETIME', key], (key) => ['GET', key], (key) => ['GETRANGE', key, '1', '-2'],
  (key) => ['STRLEN', key], (key) => ['BITCOUNT', key], (key) => ['LRANGE', key, '0', '-1'], (key) => ['LLEN', key],
  (key) => ['SCARD', key], (key) => ['SMISMEMBER', key, '1', '7', '30'], (key) => ['HLEN', key], (key) => ['HMGET', key, 'f1', 'f2', 'n1'],
  (key) => ['HPEXPIRETIME', key, 'FIELDS', '2', 'f1', 'f3'], (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  (key) => ['ZCOUNT', key, '5', '90'], (key) => ['XRANGE', key, '-', '+'], (key) => ['XLEN', key], (key) => ['XINFO', 'GROUPS', key],
  (key) => ['XPENDING', key, 'group'], (key) => ['EXISTS', key, 'key:1', 'hash:2'], (key) => ['MGET', key, 'key:2', 'count:0'],
  (key) => ['XREAD', 'STREAMS', key, '0'], () => ['DBSIZE'],
]

/** Runs a command that reads. */
function replyOf(engine: Engine, db: number, words: readonly string[]): string {
  const args = frameWords(new Args(), words)
  const reply = new Reply()
  engine.execute(findCommand(commands, args)!, args, reply, { ...systemSession(), db })
  engine.block = undefined
  return reply.buf.toString('latin1', 0, reply.at)
}

export async function checkpoint(node: Node, archives: boolean): Promise<void> {
  settle(node)
  const rotation = node.log.rotate()
  settle(node)
  const position = await rotation
  const { disk, recovered: { files } } = node
  const lastCovered = files.segments.at(-1)!.seq - 1
  const { base } = files
  // One form takes turns with the other.
  const form = (base?.seq ?? 0) % 2 === 0 ? 'rdb' : 'commands'
  const target = files.temporaryBase(form)
  const steps = compactionSteps({
    ...base === undefined ? {} : { base: files.pathOf(base) },
    segments: files.segments.slice(0, -1).map((file) => files.pathOf(file)), target, form, databases,
    settings: defaultSettings(), aux: {}, checksum: true, verify: false,
  }, disk)
  while (steps.next().done !== true) continue
  const former = files.installBase(target, lastCovered)
  // What isn't archived yet stays in the folder, and nobody names it.
  if (!archives) return
  const adopting = new Archive(disk, path.join(place.folder, 'archive')).adopt(former, position + 1)
  while (adopting.next().done !== true) continue
}

export async function close(node: Node): Promise<void> {
  settle(node)
  const closing = node.log.close()
  settle(node)
  await closing
  forget(node)
}

async function restart(node: Node, seed: number): Promise<Node> {
  await close(node)
  const { clock, disk, history } = node
  const view = recover(disk, seed)
  view.clock.set(Math.max(clock.nowMs(), view.clock.nowMs()))
  view.engine.setNow(view.clock.nowMs())
  return goOn(view, seed % 4 === 0 ? 'always' : 'everysec', history)
}

export function scratch(seed = 1): Scratch {
  return createScratch({ clock: manualClock(0), databases, random: seededRandom(seed) })
}

/** Folds all entries from the first on, and notes what is true behind some of them. */
export function naiveTruth(disk: SimulatedDisk, random: Random, share: number): { keys: KeyTruth[]; states: StateTruth[] } {
  const { engine, visit } = scratch()
  const keys: KeyTruth[] = []
  const states: StateTruth[] = []
  const { segments } = historyFiles(disk, place)
  let last: { position: number; ms: number } | undefined
  let ofTransaction = 0
  const noteLast = (): void => {
    if (last === undefined || random.u32() % share !== 0) return
    const { db, key } = randomKey(random)
    keys.push({ ...last, db, key, digest: keyDigest(engine, db, key) })
    if (random.u32() % 4 === 0) states.push({ ...last, digest: stateDigest(engine) })
  }
  const steps = readHistory({
    disk, files: segments, after: 0,
    visit: (entry) => {
      // Within a transaction a moment is its end.
      if (entry.transactionFrom === 0 || entry.transactionFrom !== ofTransaction) noteLast()
      ofTransaction = entry.transactionFrom
      visit(entry)
      last = { position: entry.position, ms: entry.ms }
    },
  })
  while (steps.next().done !== true) continue
  noteLast()
  return { keys, states }
}
