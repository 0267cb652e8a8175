// Ill-behaved clients: random bytes, half requests, sudden disconnects, readers that don't read.
// The broker must neither fall nor grow, and a well-behaved client must hardly notice.
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { seededRandom, type Random } from '../compat/random.ts'
import { startMillrace, type ServerProcess } from '../process.ts'
import { encodeCommand, type RespClient } from '../resp-client.ts'
import { scale } from '../scale.ts'
import { until } from '../until.ts'
import { oddRequests } from './protocol-errors.ts'
import { openSocket } from './raw-exchange.ts'

const abreast = 50
const bigValueBytes = 256 * 1024
const slowReaders = 8
const repliesPerSlowReader = 32

// What a process may keep after a storm: heap that V8 has grown and not yet given back. A leak of
// a few kilobytes per connection over ten thousand of them would be more.
const rssGrowthBytesMax = 64 * 1024 * 1024
const usedGrowthBytesMax = 1024 * 1024
/** What leaks does so in each storm; a heap that grew because it was not its turn to be cleared does not. */
const stormsMax = 3

/** Sends a numbered PING every other millisecond and checks that each comes back in turn. */
class SteadyClient {
  readonly latenciesMs: number[] = []
  wrong = 0
  going = true
  #client: RespClient
  #done: Promise<void>

  constructor(client: RespClient) {
    this.#client = client
    this.#done = this.#run()
  }

  static async start(server: ServerProcess): Promise<SteadyClient> {
    return new SteadyClient(await server.connect())
  }

  async #run(): Promise<void> {
    for (let n = 0; this.going; n++) {
      const started = performance.now()
      const expected = `$${String(n).length}\r\n${n}\r\n`
      if (await this.#client.text('PING', n) !== expected) this.wrong++
      this.latenciesMs.push(performance.now() - started)
      await sleep(2)
    }
  }

  async stop(): Promise<void> {
    this.going = false
    await this.#done
    this.#client.destroy()
  }

  percentile(share: number): number {
    const sorted = this.latenciesMs.toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length * share)] ?? 0
  }
}

/** The two figures of INFO memory, in bytes, once they have stopped falling. */
async function settledMemory(server: ServerProcess): Promise<{ rss: number, used: number }> {
  const client = await server.connect()
  let best = { rss: Infinity, used: Infinity }
  for (let unchanged = 0; unchanged < 3;) {
    await client.call('MEMORY', 'PURGE')
    const info = await client.text('INFO', 'memory')
    const rss = Number(/used_memory_rss:(\d+)/.exec(info)?.[1])
    const used = Number(/used_memory:(\d+)/.exec(info)?.[1])
    unchanged = rss < best.rss || used < best.used ? 0 : unchanged + 1
    best = { rss: Math.min(rss, best.rss), used: Math.min(used, best.used) }
    await sleep(50)
  }
  client.destroy()
  return best
}

/** Waits until no more clients than these are left, with the one that asks (an end takes a moment to be noticed). */
async function onlyLeft(server: ServerProcess, clients: number): Promise<void> {
  const client = await server.connect()
  const wanted = `connected_clients:${clients}\r\n`
  await until(wanted.trim(), async () => (await client.text('INFO', 'clients')).includes(wanted))
  client.destroy()
}

/** Bytes that a broken or hostile client may send. */
function hostileBytes(r: Random): Buffer {
  const [, odd] = r.pick(oddRequests)
  switch (r.below(4)) {
    case 0: return Buffer.from(Array.from({ length: 1 + r.below(2_000) }, () => r.below(256)))
    case 1: return Buffer.from(odd, 'latin1')
    case 2: {
      const request = encodeCommand(['SET', `fuzz:${r.below(100)}`, 'v'.repeat(r.below(5_000))])
      return request.subarray(0, r.below(request.length))
    }
    default: {
      const keys = Array.from({ length: r.below(200) }, (_, n) => `fuzz:${n}`)
      return encodeCommand(['MGET', ...keys])
    }
  }
}

/** Connects, sends, and is gone: with a reset or an end, at once or after a moment. */
async function hitAndRun(server: ServerProcess, r: Random): Promise<void> {
  const socket = await openSocket(server.port)
  if (r.chance(0.3)) socket.pause()
  else socket.resume()
  for (let n = r.below(3); n > 0; n--) socket.write(hostileBytes(r))
  if (r.chance(0.3)) await sleep(r.below(5))
  if (r.chance(0.5)) socket.resetAndDestroy()
  else socket.destroy()
}

async function storm(server: ServerProcess, visits: number, seed: number): Promise<void> {
  for (let done = 0; done < visits; done += abreast) {
    await Promise.all(Array.from({ length: abreast }, (_, lane) =>
      hitAndRun(server, seededRandom(seed + done + lane))))
  }
}

/** Clients that ask for much and read nothing; one of them reads after all. */
async function slowReadersCome(server: ServerProcess): Promise<number> {
  const clients = await Promise.all(Array.from({ length: slowReaders }, () => server.connect()))
  await clients[0]!.call('SET', 'big', Buffer.alloc(bigValueBytes, 0x62))
  const asked = clients.map((client) => {
    client.socket.pause()
    client.sendRaw(Buffer.concat(Array(repliesPerSlowReader).fill(encodeCommand(['GET', 'big']))))
    return client.take(repliesPerSlowReader)
  })
  for (const replies of asked) replies.catch(() => {})
  await sleep(200)

  clients[0]!.socket.resume()
  const replies = await asked[0]!
  for (const client of clients) client.destroy()
  return replies.filter((reply) => reply.length === bigValueBytes + '$262144\r\n\r\n'.length).length
}

test.serial('hostile and vanishing clients neither fell the broker nor make it grow', async (t) => {
  t.timeout(5 * 60_000)
  const server = await startMillrace(t)
  const calm = await SteadyClient.start(server)
  await sleep(500)
  await calm.stop()

  const steady = await SteadyClient.start(server)
  const pid = server.pid
  const memoryAfterStorm = async (seed: number): Promise<{ rss: number, used: number }> => {
    await storm(server, scale.suddenDisconnects, seed)
    t.is(await slowReadersCome(server), repliesPerSlowReader)
    await onlyLeft(server, 2)
    return settledMemory(server)
  }
  // The first storm is as long as the others: the heap has grown to what a storm needs.
  let after = await memoryAfterStorm(scale.seed)
  let grown = { rss: Infinity, used: Infinity }
  for (let n = 1; n <= stormsMax && (grown.rss >= rssGrowthBytesMax || grown.used >= usedGrowthBytesMax); n++) {
    const before = after
    after = await memoryAfterStorm(scale.seed + n * 1_000_000)
    grown = { rss: after.rss - before.rss, used: after.used - before.used }
    t.log(`rss ${mib(before.rss)} → ${mib(after.rss)} MiB, used ${mib(before.used)} → ${mib(after.used)} MiB`)
  }
  await steady.stop()

  for (const share of [0.5, 0.99]) {
    t.log(`p${share * 100} of a steady client: ${calm.percentile(share).toFixed(2)} ms alone, `
      + `${steady.percentile(share).toFixed(2)} ms in the storm`)
  }
  t.is(server.pid, pid)
  t.is(steady.wrong, 0)
  t.true(steady.latenciesMs.length > 50)
  t.true(grown.rss < rssGrowthBytesMax, `rss grew by ${grown.rss}`)
  t.true(grown.used < usedGrowthBytesMax, `used grew by ${grown.used}`)
  await onlyLeft(server, 1)
  t.is(await server.terminate(), 0, server.output)
})

const mib = (bytes: number): string => (bytes / (1024 * 1024)).toFixed(1)
