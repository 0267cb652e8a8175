// The bridge to NATS: messages a second each way, and how long a single one takes from writer to reader, against the
// same without a bridge. A real nats-server with JetStream on files, two brokers, this process as writer and reader.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { ask, freePort, start } from './contestants.ts'
import { connect } from './wire.ts'
import type { Wire } from './wire.ts'

const payload = 'p'.repeat(100)
const batch = 1000
const pollMs = 5

/** Messages a second; microseconds from writer to reader at p50 and p99. */
export type BridgeFigures = {
  out: number, in: number
  outLatency: Percentiles, inLatency: Percentiles
  /** Without a bridge: from XADD to a reader of the same stream. */
  direct: Percentiles
}
export type Percentiles = { p50: number, p99: number }

function words(...list: string[]): string {
  return `*${list.length}\r\n${list.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function done(port: number, command: string, pattern: RegExp): Promise<void> {
  while (!pattern.test(await ask(port, command))) await pause(pollMs)
}

/** A client of NATS that waits for one message at a time. */
async function natsClient(port: number, subject: string): Promise<{
  publish: () => void, next: () => Promise<void>, close: () => void
}> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  let arrived: (() => void) | undefined
  const ready = new Promise<void>((resolve) => socket.on('data', (chunk) => {
    const text = chunk.toString('latin1')
    if (text.includes('PING\r\n')) socket.write('PONG\r\n')
    if (text.includes('PONG\r\n')) resolve()
    if (text.includes('MSG ')) arrived?.()
  }))
  socket.write(`CONNECT {"verbose":false,"headers":true}\r\nSUB ${subject} 1\r\nPING\r\n`)
  await ready
  return {
    publish: () => { socket.write(`PUB ${subject} ${payload.length}\r\n${payload}\r\n`) },
    next: () => new Promise((resolve) => { arrived = resolve }),
    close: () => { socket.destroy() },
  }
}

/** How long it takes from `send` until `receive`, which is called before, has something. */
async function latency(count: number, receive: () => Promise<unknown>, send: () => unknown): Promise<Percentiles> {
  const took = new Float64Array(count)
  for (let i = -50; i < count; i++) {
    const received = receive()
    // The reader stands and waits before the writer writes.
    await pause(2)
    const since = performance.now()
    const sent = send()
    await received
    if (i >= 0) took[i] = (performance.now() - since) * 1000
    await sent
  }
  took.sort()
  return { p50: took[Math.floor(count * 0.5)]!, p99: took[Math.floor(count * 0.99)]! }
}

/** Reads what comes behind the last entry that it read, however late it begins to wait. */
async function reading(wire: Wire, key: string): Promise<() => Promise<void>> {
  let last = lastId(await wire.send(words('XREVRANGE', key, '+', '-', 'COUNT', '1'), 1))
  return async () => {
    last = lastId(await wire.send(words('XREAD', 'BLOCK', '0', 'STREAMS', key, last), 1))
  }
}

function lastId(reply: Buffer): string {
  return reply.toString('latin1').match(/\d{13}-\d+/g)!.at(-1)!
}

/** One round with so many messages, and so many single ones. */
export async function bridgeFigures(messages: number, singles: number): Promise<BridgeFigures> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'millrace-bench-'))
  const port = await freePort()
  const nats = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], { stdio: 'ignore' })
  const [left, right] = [await start('ours', { policy: 'everysec' }), await start('ours', { policy: 'everysec' })]
  const writer = await connect(left.port)
  const readers = [await connect(left.port), await connect(right.port)]
  for (const { port: broker } of [left, right]) await ask(broker, `CONFIG SET bridge-nats-url nats://127.0.0.1:${port}`)
  const add = words('XADD', 's', '*', 'task', 'resize', 'data', payload)
  for (let i = 0; i < messages; i += batch) await writer.send(add.repeat(batch), batch)

  const since = performance.now()
  await ask(left.port, 'BRIDGE ADD out stream-out s CREATE S')
  await done(left.port, 'BRIDGE INFO out', new RegExp(`published\\r\\n:${messages}\\r\\n`))
  const sent = performance.now()
  await ask(right.port, 'BRIDGE ADD in stream-in S s')
  await done(right.port, 'XLEN s', new RegExp(`^:${messages}\r\n`))
  const received = performance.now()

  const client = await natsClient(port, 's')
  const one = (): Promise<Buffer> => writer.send(add, 1)
  const figures: BridgeFigures = {
    out: messages / (sent - since) * 1000, in: messages / (received - sent) * 1000,
    outLatency: await latency(singles, client.next, one),
    inLatency: await latency(singles, await reading(readers[1]!, 's'), client.publish),
    direct: await latency(singles, await reading(readers[0]!, 's'), one),
  }
  client.close()
  for (const wire of [writer, ...readers]) wire.close()
  for (const broker of [left, right]) await broker.stop()
  const ended = new Promise((resolve) => nats.once('exit', resolve))
  nats.kill()
  await ended
  rmSync(folder, { recursive: true, force: true })
  return figures
}
