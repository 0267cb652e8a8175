// Readers and projections, on a broker in this process, one over the network, and redis-server 7.
import test, { type ExecutionContext } from 'ava'
import { compareIds, Projection, Reader, type StreamEntry } from '../../../consumers/reader/index.ts'
import { endOfFile, serverNames, startServer, type Server, type ServerName } from '../servers.ts'
import { until } from '../../until.ts'

const servers = new Map<ServerName, Server>()

test.before('starts the servers', async (t) => {
  for (const name of serverNames) {
    const server = await startServer(t, endOfFile, name)
    if (server !== undefined) servers.set(name, server)
  }
})

function onEachServer(title: string, names: readonly ServerName[], body: (server: Server, t: ExecutionContext) => Promise<void>): void {
  for (const name of names) {
    test.serial(`${title} (${name})`, async (t) => {
      const server = servers.get(name)
      if (server === undefined) return t.pass('SKIPPED: it is not installed')
      t.timeout(300_000)
      await server.redis.flushall()
      await body(server, t)
    })
  }
}

const ours: readonly ServerName[] = ['embedded', 'millrace']

async function fill({ redis }: Server, from: number, to: number): Promise<string[]> {
  return Promise.all(Array.from({ length: to - from }, (_, i) => (
    redis.xadd('s', '*', 'n', from + i, 'user', `u${(from + i) % 3}`) as Promise<string>)))
}

onEachServer('a reader goes through history into what comes, without gap or double', serverNames, async (server, t) => {
  await fill(server, 0, 700)
  const reader = new Reader({ connection: server.connection, stream: 's', batch: 64 })
  const seen: string[] = []
  let writing: Promise<unknown> | undefined
  for await (const entry of reader) {
    seen.push(entry.get('n')!)
    // What is added meanwhile meets the reader before, at and behind the border of history.
    if (seen.length === 600) {
      writing = (async () => {
        for (let n = 700; n < 1_500; n += 20) await fill(server, n, n + 20)
      })()
    }
    if (seen.length === 1_500) break
  }
  await writing
  t.deepEqual(seen, Array.from({ length: 1_500 }, (_, n) => String(n)))
})

onEachServer('a named reader goes on where it was, a new one begins where it is told', serverNames, async (server, t) => {
  const { connection, redis } = server
  const ids = await fill(server, 0, 10)
  const read = async (count: number, options: { name?: string, from?: string }): Promise<string[]> => {
    const reader = new Reader({ connection, stream: 's', batch: 4, ...options })
    const seen: string[] = []
    for await (const entry of reader) {
      // The one at which it ends was not dealt with.
      if (seen.length === count) break
      seen.push(entry.get('n')!)
    }
    return seen
  }
  t.deepEqual(await read(3, { name: 'r' }), ['0', '1', '2'])
  t.is(await redis.get('reader:r'), ids[2]!)
  t.deepEqual(await read(4, { name: 'r', from: '0' }), ['3', '4', '5', '6'])
  t.deepEqual(await read(2, { from: ids[4]! }), ['5', '6'])

  const controller = new AbortController()
  const seen: string[] = []
  const reader = new Reader({ connection, stream: 's', from: '$', signal: controller.signal })
  const reading = (async () => {
    for await (const entry of reader) seen.push(entry.fields['n']!)
  })()
  await until(() => reader.live)
  await fill(server, 10, 12)
  await until(() => seen.length === 2)
  controller.abort()
  await reading
  t.deepEqual(seen, ['10', '11'])

  // One that was told to end before it began holds no connection.
  const connections = async (): Promise<number> => String(await redis.client('LIST')).trim().split('\n').length
  const ended = new Reader({ connection, stream: 's', name: 'r', signal: AbortSignal.abort() })
  for await (const entry of ended) t.fail(entry.id)
  await until(async () => await connections() === 1)
  await Promise.all([ended.close(), reader.close()])
  const renaming = redis.duplicate({ keyPrefix: 'x:', lazyConnect: true })
  t.throws(() => new Reader({ connection: renaming, stream: 's' }), { code: 'KEYPREFIX' })
})

onEachServer('entries that were trimmed unread are an error, or passed over if so asked', serverNames, async (server, t) => {
  const { connection, redis } = server
  const ids = await fill(server, 0, 100)
  await redis.xtrim('s', 'MAXLEN', 40)
  const first = async (from: string, trimmed?: 'skip'): Promise<string> => {
    for await (const entry of new Reader({ connection, stream: 's', from, ...(trimmed ? { trimmed } : {}) })) return entry.get('n')!
    return 'none'
  }
  await t.throwsAsync(first(ids[10]!), { code: 'TRIMMED', message: /behind .* were trimmed before they were read/ })
  t.is(await first(ids[10]!, 'skip'), '60')
  t.is(await first('0-0'), '60')
  t.is(await first(ids[60]!), '61')
  t.is(await first(ids[70]!), '71')
  // One deleted within what is there is no gap in what was kept.
  await redis.xdel('s', ids[80]!)
  t.is(await first(ids[79]!), '81')

  // One that had read all that was trimmed has missed nothing.
  const entries = new Reader({ connection, stream: 's', batch: 10 })[Symbol.asyncIterator]()
  let last = ''
  for (let i = 0; i < 39; i++) last = ((await entries.next()).value as StreamEntry).get('n')!
  t.is(last, '99')
  await redis.xtrim('s', 'MAXLEN', 0)
  await fill(server, 100, 101)
  t.is(((await entries.next()).value as StreamEntry).get('n'), '100')
  await entries.return()
})

onEachServer('a projection counts each entry once, and is rebuilt from the beginning', serverNames, async (server, t) => {
  const { connection, redis } = server
  await fill(server, 0, 300)
  const projection = new Projection({
    connection, stream: 's', name: 'users', batch: 32,
    fold: (entry, write) => {
      write.hincrby('users:entries', entry.get('user')!, 1)
      write.incrby('users:sum', entry.get('n')!)
    },
  })
  const running = projection.start()
  const ids = await fill(server, 300, 600)
  await projection.until(ids.at(-1)!)
  const expected = { u0: '200', u1: '200', u2: '200' }
  t.deepEqual({ ...await redis.hgetall('users:entries') }, expected)
  t.is(await redis.get('users:sum'), String(599 * 300))

  await redis.hset('users:entries', 'u0', 7, 'stray', 1)
  await redis.set('users:left', 'over')
  await projection.rebuild()
  await until(async () => await redis.get('users:position') === ids.at(-1))
  t.deepEqual({ ...await redis.hgetall('users:entries') }, expected)
  t.is(await redis.exists('users:left'), 0)
  await projection.close()
  await running
})

onEachServer('of two instances of a projection each entry is folded by one', serverNames, async (server, t) => {
  const { connection, redis } = server
  await fill(server, 0, 2_000)
  const instances = [0, 1].map(() => new Projection({
    connection, stream: 's', name: 'both', batch: 50,
    fold: async (entry, write) => {
      if (Number(entry.get('n')) % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      write.rpush('both:all', entry.get('n')!)
    },
  }))
  const running = instances.map((instance) => instance.start())
  const ids = await fill(server, 2_000, 3_000)
  await Promise.all(instances.map((instance) => instance.until(ids.at(-1)!)))
  t.deepEqual(await redis.lrange('both:all', 0, -1), Array.from({ length: 3_000 }, (_, n) => String(n)))
  for (const instance of instances) await instance.close()
  await Promise.all(running)
})

onEachServer('what fold throws ends a projection, and nothing of its batch is there', serverNames, async (server, t) => {
  const { connection, redis } = server
  const ids = await fill(server, 0, 20)
  const projection = new Projection({
    connection, stream: 's', name: 'p', batch: 10,
    fold: (entry, write) => {
      if (entry.get('n') === '15') throw new RangeError('no fifteen')
      write.incr('p:count')
    },
  })
  const waiting = t.throwsAsync(projection.until(ids[19]!), { code: 'CLOSED' })
  await t.throwsAsync(projection.start(), { name: 'RangeError' })
  await waiting
  await projection.close()
  t.is(await redis.get('p:count'), '10')
  t.is(await redis.get('p:position'), ids[9]!)
  await t.throwsAsync(projection.until(ids[19]!), { code: 'CLOSED' })
})

onEachServer("readers and projections of the log's streams, their own writes left out", ours, async (server, t) => {
  const { connection, redis } = server
  const count = async (): Promise<number> => Number((/total_commands_processed:(\d+)/.exec(await redis.info('stats')))![1])
  for (let i = 0; i < 20; i++) await redis.set(i % 2 === 0 ? 'color' : 'other', `v${i}`)
  const seen: string[] = []
  for await (const entry of new Reader({ connection, stream: '$key:color' })) {
    if (entry.get('cmd')?.toUpperCase() === 'SET') seen.push(entry.get('arg2')!)
    if (seen.length === 10) break
  }
  t.deepEqual(seen, Array.from({ length: 10 }, (_, i) => `v${i * 2}`))

  const projection = new Projection({
    connection, stream: '$all', name: 'sets',
    fold: (entry, write) => {
      if (entry.get('cmd')?.toUpperCase() === 'SET') write.hincrby('sets:by-key', entry.get('key')!, 1)
    },
  })
  const running = projection.start()
  await redis.set('color', 'last')
  await until(async () => await redis.hget('sets:by-key', 'color') === '11')
  t.is(await redis.hget('sets:by-key', 'other'), '10')
  // Its own writes don't keep it going.
  await until('it comes to rest', async () => {
    const before = await count()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    return await count() - before < 40
  })
  await projection.close()
  await running
})

test('ids are ordered by their numbers', (t) => {
  const ordered = ['0', '0-1', '9-5', '10-0', '10-4', '10-12', '1795956976701-0', '1795956976701-18446744073709551615']
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) t.is(Math.sign(compareIds(a, b)), Math.sign(i - j), `${a} ${b}`)
  }
})
