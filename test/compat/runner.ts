// Plays an episode against two servers at once, in lockstep: runs of commands on one connection go
// out as one pipeline, and the next run starts when both servers have answered. It stops at the
// first reply that differs.
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeLatin1, RespClient } from '../resp-client.ts'
import { until } from '../until.ts'
import { sameReply } from './compare.ts'
import { nameOf } from './containers.ts'
import { connections, type Command, type Episode, type Step } from './episode.ts'

/** How long a pipeline may stand still before its connection is taken for blocked. */
const stallMs = 50
const silenceMs = 60_000
const lapseMs = 20

export type Mismatch = {
  command: Command
  /** The step it belongs to; the steps after it were not played. */
  step: number
  ours: Buffer
  theirs: Buffer
}

/** One of the two servers: its connections, their ids, and one more connection for control. */
export class Side {
  readonly port: number
  control!: RespClient
  clients: RespClient[]
  ids: string[]

  constructor(port: number) {
    this.port = port
    this.clients = []
    this.ids = []
  }

  /** Fresh connections and empty databases. */
  async reset(protocol: 2 | 3): Promise<void> {
    this.close()
    this.control = await RespClient.connect(this.port)
    await this.control.pipeline([
      ['FLUSHALL'], ['SCRIPT', 'FLUSH'], ['FUNCTION', 'FLUSH'], ['CONFIG', 'SET', 'slowlog-max-len', '128'],
      ['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'],
    ])
    this.clients = await Promise.all(
      Array.from({ length: connections }, () => RespClient.connect(this.port)),
    )
    this.ids = []
    for (const client of this.clients) {
      this.ids.push((await client.text('CLIENT', 'ID')).slice(1, -2))
      if (protocol === 3) await client.call('HELLO', '3')
    }
  }

  /** The bytes of a command; `<<id:n>>` becomes this server's id of connection n. */
  encode(command: Command): Buffer {
    return encodeLatin1(command.map((arg) => arg.replaceAll(/<<id:(\d)>>/g, (_, n: string) => this.ids[Number(n)] ?? '0')))
  }

  /** Sends a pipeline; a connection that stands still because it blocks is unblocked. */
  async send(conn: number, commands: readonly Command[]): Promise<Buffer[]> {
    const client = this.clients[conn]!
    client.sendRaw(Buffer.concat(commands.map((command) => this.encode(command))))
    return this.#unblockUntil(conn, client.take(commands.length))
  }

  /**
   * Sends a command that may block, after an ECHO in the same write: once the ECHO is answered the
   * command has been taken too, as a rule. It is for certain when it is answered or waits.
   */
  async hold(conn: number, command: Command): Promise<void> {
    const client = this.clients[conn]!
    client.sendRaw(Buffer.concat([encodeLatin1(['ECHO', 'taken']), this.encode(command)]))
    await client.take(1)
    await until('the command is taken', async () => (
      client.unread().length > 0 || /flags=\S*b/.test(await this.control.text('CLIENT', 'LIST', 'ID', this.ids[conn]!))))
  }

  /** Ends a held command and gives the reply to CLIENT UNBLOCK and its own. */
  async release(conn: number, reason: string): Promise<Buffer[]> {
    const reply = this.clients[conn]!.take(1)
    const unblocked = await this.control.call('CLIENT', 'UNBLOCK', this.ids[conn]!, reason)
    return [unblocked, ...await this.#unblockUntil(conn, reply)]
  }

  async #unblockUntil(conn: number, replies: Promise<Buffer[]>): Promise<Buffer[]> {
    const started = Date.now()
    for (;;) {
      const stalled = new AbortController()
      const done = await Promise.race([
        replies, sleep(stallMs, null, { signal: stalled.signal }).catch(() => null),
      ])
      stalled.abort()
      if (done !== null) return done
      if (Date.now() - started > silenceMs) throw new Error(`no reply for ${silenceMs} ms`)
      await this.control.call('CLIENT', 'UNBLOCK', this.ids[conn]!)
    }
  }

  close(): void {
    for (const client of this.clients) client.destroy()
    if (this.control !== undefined) this.control.destroy()
    this.clients = []
  }
}

/** Plays the steps on freshly emptied servers; null when all replies agree. */
export async function play(
  ours: Side, theirs: Side, episode: Pick<Episode, 'protocol' | 'steps'>,
): Promise<Mismatch | null> {
  await Promise.all([ours.reset(episode.protocol), theirs.reset(episode.protocol)])
  return new Play(ours, theirs, episode.steps).run()
}

type Sent = { step: number, command: Command }

class Play {
  #ours: Side
  #theirs: Side
  #steps: readonly Step[]
  #held = new Map<number, Sent>()
  #queued: Command[][]

  constructor(ours: Side, theirs: Side, steps: readonly Step[]) {
    this.#ours = ours
    this.#theirs = theirs
    this.#steps = steps
    this.#queued = Array.from({ length: connections }, () => [])
  }

  async run(): Promise<Mismatch | null> {
    let at = 0
    while (at < this.#steps.length) {
      const step = this.#steps[at]!
      let mismatch: Mismatch | null = null
      if (step.kind === 'release') mismatch = await this.#release(step.conn, step.reason)
      else {
        mismatch = await this.#release(step.conn)
        if (mismatch === null && step.kind === 'hold') await this.#hold(step.conn, step.command, at)
        if (mismatch === null && step.kind === 'lapse') mismatch = await this.#lapse(step, at)
        if (mismatch === null && step.kind === 'send') {
          const run = this.#runFrom(at, step.conn)
          mismatch = await this.#send(step.conn, run)
          at = run[run.length - 1]!.step
        }
      }
      if (mismatch !== null) return mismatch
      at++
    }
    for (const conn of this.#held.keys()) {
      const mismatch = await this.#release(conn)
      if (mismatch !== null) return mismatch
    }
    return null
  }

  /** The commands of all `send` steps on this connection from here to the next other step. */
  #runFrom(first: number, conn: number): Sent[] {
    const run: Sent[] = []
    for (let at = first; at < this.#steps.length; at++) {
      const step = this.#steps[at]!
      if (step.kind !== 'send' || step.conn !== conn) break
      for (const command of step.commands) run.push({ step: at, command })
    }
    return run
  }

  async #send(conn: number, run: readonly Sent[]): Promise<Mismatch | null> {
    const commands = run.map((sent) => sent.command)
    const [ours, theirs] = await Promise.all([
      settled(this.#ours.send(conn, commands), commands.length),
      settled(this.#theirs.send(conn, commands), commands.length),
    ])
    for (let i = 0; i < run.length; i++) {
      const mismatch = this.#check(conn, run[i]!, ours[i]!, theirs[i]!)
      if (mismatch !== null) return mismatch
    }
    return null
  }

  /**
   * The DISCARD sees to it that the key's time begins now; the SCAN makes redis-server drop the key
   * that it would otherwise drop, and stop counting, at a moment of its own.
   */
  async #lapse(step: Extract<Step, { kind: 'lapse' }>, at: number): Promise<Mismatch | null> {
    const sent = [['DISCARD'], step.command].map((command) => ({ step: at, command }))
    const mismatch = await this.#send(step.conn, sent)
    await sleep(lapseMs)
    const scan = ['SCAN', '0', 'COUNT', '10000']
    return mismatch ?? this.#send(step.conn, [{ step: at, command: scan }])
  }

  async #hold(conn: number, command: Command, step: number): Promise<void> {
    await Promise.all([this.#ours.hold(conn, command), this.#theirs.hold(conn, command)])
    this.#held.set(conn, { step, command })
  }

  async #release(conn: number, reason = 'TIMEOUT'): Promise<Mismatch | null> {
    const sent = this.#held.get(conn)
    if (sent === undefined) return null
    this.#held.delete(conn)
    const [ours, theirs] = await Promise.all([
      settled(this.#ours.release(conn, reason), 2), settled(this.#theirs.release(conn, reason), 2),
    ])
    const unblock = { step: sent.step, command: ['CLIENT', 'UNBLOCK', `<<id:${conn}>>`] }
    return this.#check(conn, sent, ours[1]!, theirs[1]!)
      ?? this.#check(conn, unblock, ours[0]!, theirs[0]!)
  }

  #check(conn: number, sent: Sent, ours: Buffer, theirs: Buffer): Mismatch | null {
    const name = nameOf(sent.command)
    const queued = this.#queued[conn]!
    if (theirs.equals(queuedReply)) queued.push(sent.command)
    const transaction = name === 'EXEC' ? [...queued] : []
    if (name === 'EXEC' || name === 'DISCARD' || name === 'RESET' || name === 'MULTI') {
      if (theirs[0] !== 0x2d || name === 'EXEC') queued.length = 0
    }
    if (sameReply(sent.command, ours, theirs, transaction)) return null
    return { command: sent.command, step: sent.step, ours, theirs }
  }
}

const queuedReply = Buffer.from('+QUEUED\r\n')

/** A connection that ends early answers with a line that says so, and so differs. */
async function settled(replies: Promise<Buffer[]>, count: number): Promise<Buffer[]> {
  try {
    return await replies
  } catch (error) {
    return Array<Buffer>(count).fill(Buffer.from(`-(${(error as Error).message})\r\n`))
  }
}
