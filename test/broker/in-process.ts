// A broker within the test's own process, and four small commands that need no family of the engine:
// PUT key value · FETCH key · TAKE key timeout-ms (removes and answers the value, waits for one) · NAP ms (blocks the loop).
import type { ExecutionContext } from 'ava'
import { createBroker } from '../../broker/broker.ts'
import type { Broker } from '../../broker/broker.ts'
import type { BrokerSpec } from '../../broker/command.ts'
import type { Extension } from '../../broker/extension.ts'
import { createConfig } from '../../broker/config/config.ts'
import type { Args } from '../../core/args.ts'
import { chunkOf } from '../../core/arena/arena.ts'
import { realDisk } from '../../core/disk.ts'
import type { Disk } from '../../core/disk.ts'
import type { Engine } from '../../core/engine.ts'
import { rootOf, types, valueStart } from '../../core/keyspace/entry.ts'
import type { Reply } from '../../core/reply.ts'
import { freePort, temporaryDirectory } from '../process.ts'
import { RespClient } from '../resp-client.ts'

function find(x: Engine, a: Args): [number, number] {
  const hash = x.db.hash(a.buf, a.start[1]!, a.end[1]!)
  return [x.db.lookupWrite(a.buf, a.start[1]!, a.end[1]!, hash), hash]
}

function put(x: Engine, a: Args, r: Reply): void {
  const [old, hash] = find(x, a)
  if (old !== 0) x.db.remove(old, hash)
  const entry = x.db.create(types.string, a.buf, a.start[1]!, a.end[1]!, hash, a.size(2))
  x.arena.u8[chunkOf(entry)]!.set(a.copy(2), valueStart(x.arena, entry))
  x.touch(a.buf, a.start[1]!, a.end[1]!)
  x.ready(a.buf, a.start[1]!, a.end[1]!)
  x.changed()
  r.ok()
}

function answer(x: Engine, entry: number, r: Reply): void {
  const from = valueStart(x.arena, entry)
  r.bulk(x.arena.u8[chunkOf(entry)]!, from, from + rootOf(x.arena, entry))
}

function fetch(x: Engine, a: Args, r: Reply): void {
  const [entry] = find(x, a)
  if (entry === 0) r.nil()
  else answer(x, entry, r)
}

function take(x: Engine, a: Args, r: Reply): void {
  const [entry, hash] = find(x, a)
  if (entry === 0) {
    if (!x.session.mayBlock) r.nil()
    else x.block = { keys: [a.copy(1)], timeoutMs: a.int(2), retry: a.detach(), nil: 'bulk', wakeOnDelete: false }
    return
  }
  answer(x, entry, r)
  x.db.remove(entry, hash)
  x.touch(a.buf, a.start[1]!, a.end[1]!)
  x.changed()
}

function nap(_x: Engine, a: Args, r: Reply): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, a.int(1))
  r.ok()
}

const common = { group: 'generic', since: '0.0.0', summary: '' } as const

const commands: readonly BrokerSpec[] = [
  { ...common, name: 'put', arity: 3, flags: ['write', 'denyoom'], complexity: 'O(1)', run: put },
  { ...common, name: 'fetch', arity: 2, flags: ['readonly', 'fast'], complexity: 'O(1)', run: fetch },
  { ...common, name: 'take', arity: 3, flags: ['write', 'blocking'], complexity: 'O(1)', run: take },
  { ...common, name: 'nap', arity: 2, flags: ['readonly'], complexity: 'O(N)', run: nap },
]

const testCommands: Extension = { name: 'test', commands, attach: () => ({}) }

export type InProcess = {
  broker: Broker, port: number, dir: string, connect: () => Promise<RespClient>
  /** What the operator would have read. */
  reports: string[]
}

export type InProcessOptions = { args?: readonly string[], disk?: Disk, dir?: string, extensions?: readonly Extension[] }

/** Starts a broker on a free port of loopback; it stops with the test. */
export async function startBroker(t: ExecutionContext, options: InProcessOptions = {}): Promise<InProcess> {
  const dir = options.dir ?? temporaryDirectory(t)
  const port = await freePort()
  const config = createConfig(['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, ...(options.args ?? [])])
  const { extensions = [] } = options
  const reports: string[] = []
  const broker = createBroker({
    config, disk: options.disk ?? realDisk(), extensions: [testCommands, ...extensions], report: (_, text) => reports.push(text),
  })
  await broker.start()
  t.teardown(() => broker.stop())
  return { broker, port, dir, reports, connect: () => RespClient.connect(port) }
}
