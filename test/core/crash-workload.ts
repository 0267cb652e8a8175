// Real commands through the engine and its log on a simulated disk, and what was promised of them at each moment.

import { createHash } from 'node:crypto'
import path from 'node:path'
import { createCommands } from '../../broker/commands/table.ts'
import { replayer } from '../../broker/persistence/recovery.ts'
import { effectSpecs } from '../../broker/command.ts'
import { Arena } from '../../core/arena/arena.ts'
import { Args, frameCommand } from '../../core/args.ts'
import { loadBase } from '../../core/checkpoint/load-base.ts'
import { manualClock } from '../../core/clock.ts'
import type { ManualClock } from '../../core/clock.ts'
import { stateDigest } from '../../core/digest.ts'
import { Engine } from '../../core/engine.ts'
import { Appender } from '../../core/log/appender.ts'
import type { SyncPolicy } from '../../core/log/appender.ts'
import type { Entry } from '../../core/log/reader.ts'
import { nullLog } from '../../core/log/log.ts'
import { recoverLog } from '../../core/log/recover.ts'
import type { Recovered } from '../../core/log/recover.ts'
import { seededRandom } from '../../core/random.ts'
import type { Random } from '../../core/random.ts'
import { Reply } from '../../core/reply.ts'
import { systemSession } from '../../core/session.ts'
import type { Session } from '../../core/session.ts'
import type { SimulatedDisk } from '../simulation/simulated-disk.ts'
import { encode } from './commands/driver.ts'
import type { Word } from './commands/driver.ts'
import { randomCommand } from './crash-commands.ts'

export const place = { folder: '/data/appendonlydir', baseName: 'appendonly.aof' }
export const segment = (seq: number): string => path.join(place.folder, `appendonly.aof.${seq}.incr.aof`)

/** `always, quick`: the syncs are so quick that they run on the thread. */
export type Mode = SyncPolicy | 'always, quick'

export const databases = 4
const startMs = 1_700_000_000_000
/** All engines share it: a fresh one would cost more than what is folded into it. */
const arena = new Arena()
const commands = createCommands()

/** What was promised, kept up to date while the engine runs. */
export type History = {
  /** By position at which a turn ended: the digest of the state there. */
  digests: Map<number, string>
  /** Positions at which frames end. */
  boundaries: Set<number>
  /** Up to here replies were released. */
  acknowledged: number
}

/** What was recovered from a disk. */
export type View = { disk: SimulatedDisk; engine: Engine; clock: ManualClock; recovered: Recovered }

/** An engine with its log, and what stands around them in the broker. */
export type Node = View & {
  log: Appender
  history: History
  args: Args
  reply: Reply
  sessions: readonly Session[]
  /** Where turns ended whose replies wait. */
  waiting: number[]
  /** Commands that changed something, and those that answered an error. */
  logged: number
  refused: number
}

export function freshHistory(): History {
  return { digests: new Map([[0, '0'.repeat(64)]]), boundaries: new Set([0]), acknowledged: 0 }
}

/** What is true at `position` and no more: the history that a recovered node goes on with. */
export function historyAt(history: History, position: number): History {
  const digests = new Map([[position, history.digests.get(position)!]])
  return { digests, boundaries: new Set([position]), acknowledged: position }
}

/** An empty engine that a compaction folds in, and how it does that. */
export function foldingEngine(): { engine: Engine, visit: (entry: Entry) => void, specOf: ReturnType<typeof effectSpecs> } {
  const engine = new Engine({ clock: manualClock(startMs), random: seededRandom(1), log: nullLog(), databases, arena })
  engine.replaying = true
  return { engine, visit: replayer(engine, commands), specOf: effectSpecs(commands) }
}

/** Recovers what the disk holds as the broker does, into an engine of its own. Throws MillraceError. */
export function recover(disk: SimulatedDisk, seed: number): View {
  const clock = manualClock(startMs)
  const engine = new Engine({ clock, random: seededRandom(seed), log: nullLog(), databases, arena })
  const visit = replayer(engine, commands)
  engine.replaying = true
  try {
    const steps = recoverLog({
      disk, place, loadTruncated: true, visit,
      loadBase: (file) => loadBase(engine, disk, file, visit), forget: () => engine.forgetAll(),
    })
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    engine.replaying = false
    clock.set(Math.max(startMs, engine.now))
    return { disk, engine, clock, recovered: step.value }
  } catch (error) {
    clear(engine)
    throw error
  }
}

/** Goes on from what was recovered. */
export function goOn(view: View, mode: Mode, history: History): Node {
  const { disk, engine, recovered } = view
  const quick = mode === 'always, quick' ? { policy: 'always' as const, monotonicMs: () => 0 } : { policy: mode }
  const stamps = mode === 'everysec'
  const log = new Appender({ disk, end: recovered.end, nextSegment: () => recovered.files.nextSegment(), stamps, ...quick })
  engine.log = log
  const sessions = ['', 'a', 'b'].map((user, id) => {
    const by = id === 0 ? undefined : Buffer.from(`#by client=${id} user=${user} addr=x:${id}\r\n`)
    return { ...systemSession(), id, by }
  })
  const node: Node = {
    ...view, log, history, args: new Args(), reply: new Reply(), sessions, waiting: [], logged: 0, refused: 0,
  }
  log.onProgress = () => {
    if (!log.holding) engine.seal()
    release(node)
  }
  return node
}

/** Equal for disks that show the same names and bytes to a process that comes. */
export function fingerprint(disk: SimulatedDisk): string {
  const hash = createHash('sha1')
  for (const folder of [place.folder, path.join(place.folder, 'archive')]) {
    for (const name of disk.list(folder).toSorted()) hash.update(name).update(disk.content(path.join(folder, name)))
  }
  return hash.digest('hex')
}

export function digestOf(view: View): string {
  return stateDigest(view.engine)
}

/** Gives the views' memory back to the arena. */
export function forget(view: Pick<View, 'engine'>): void {
  clear(view.engine)
}

function clear(engine: Engine): void {
  engine.replaying = true
  for (const db of engine.dbs) db.clear()
  engine.lazy.drain()
}

/** As the outbox: replies leave in order, as far as the log is safe. */
function release(node: Node): void {
  const { log, waiting, history } = node
  if (log.sealed === log.appended) history.boundaries.add(log.sealed)
  while (waiting.length > 0 && waiting[0]! <= log.safe) history.acknowledged = waiting.shift()!
}

/** Runs commands, or transactions of several, as one turn of the event loop. */
export function turn(node: Node, work: readonly Work[]): void {
  const { engine, log, history } = node
  engine.beginTurn()
  // A frame that was held open ends where the turn before ended.
  history.boundaries.add(log.sealed)
  for (const { session, db, words, transaction } of work) {
    const client = node.sessions[session]!
    client.db = db
    if (transaction) engine.beginGroup()
    for (const command of words) execute(node, client, command)
    if (transaction) engine.endGroup()
  }
  engine.endTurn()
  history.digests.set(log.appended, digestOf(node))
  node.waiting.push(log.appended)
  release(node)
}

function execute(node: Node, client: Session, words: readonly Word[]): void {
  const { args, engine, reply } = node
  const bytes = encode(words)
  frameCommand(args, bytes, 0, bytes.length)
  const command = commands.find(args.buf, args.start[0]!, args.end[0]!)!
  const found = command.subcommands?.find(args.buf, args.start[1]!, args.end[1]!) ?? command
  const { appended } = engine.log
  reply.at = 0
  reply.lastError = ''
  engine.execute(found, args, reply, client)
  engine.block = undefined
  if (reply.lastError !== '') node.refused++
  if (engine.log.appended !== appended) node.logged++
}

/** What one client has in a turn: a command, or several in MULTI and EXEC. */
export type Work = { session: number; db: number; words: Word[][]; transaction: boolean }

export function randomTurn(random: Random, turnNumber: number): Work[] {
  const work: Work[] = []
  const size = 1 + (random.u32() % 7)
  for (let i = 0; i < size; i++) {
    const transaction = random.u32() % 12 === 0
    const words: Word[][] = []
    const count = transaction ? 2 + (random.u32() % 4) : 1
    for (let k = 0; k < count; k++) words.push(randomCommand(random, turnNumber))
    work.push({ session: random.u32() % 3, db: random.u32() % 8 === 0 ? 1 + (random.u32() % 2) : 0, words, transaction })
  }
  return work
}

/**
 * Runs about `count` commands in turns; `segmentBytes` is the size at which a segment is ended. What it promises stands
 * in `node.history` at each moment. Calls `between` between turns, and returns how many commands it ran.
 */
export async function work(
  node: Node, count: number, segmentBytes: number, between: () => void = () => {},
): Promise<number> {
  const { disk, log, clock } = node
  const random = seededRandom(7)
  let made = 0
  for (let i = 0; made < count; i++) {
    const turnWork = randomTurn(random, i)
    for (const { words } of turnWork) made += words.length
    turn(node, turnWork)
    if (random.u32() % 3 === 0) disk.runLater()
    clock.advance(random.u32() % 3 === 0 ? 0 : random.u32() % 120)
    log.tick(clock.monotonicMs())
    if (log.segmentBytes >= segmentBytes) await rotate(node)
    between()
  }
  settle(node)
  between()
  return made
}

/** Lets all syncs come to their end, and seals what was held open for them. */
export function settle(node: Node): void {
  for (let i = 0; i < 3; i++) node.disk.runLater()
}

async function rotate(node: Node): Promise<void> {
  settle(node)
  const rotation = node.log.rotate()
  settle(node)
  await rotation
}
