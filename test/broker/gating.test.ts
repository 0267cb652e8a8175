import test from 'ava'
import { realDisk } from '../../core/disk.ts'
import type { Disk } from '../../core/disk.ts'
import type { RespClient } from '../resp-client.ts'
import { until } from '../until.ts'
import { startBroker } from './in-process.ts'

/** A disk whose syncs end when the test says so, and whose writes fail while the test wants. */
function heldDisk(): { disk: Disk, held: (() => void)[], letGo: () => void, refuse: (code: string | undefined) => void } {
  const real = realDisk()
  const held: (() => void)[] = []
  let code: string | undefined
  let holding = true
  const disk: Disk = {
    ...real,
    // So slow that the log takes its syncs off the thread from the second on.
    sync: (fd) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
      real.sync(fd)
    },
    syncLater: (fd, done) => {
      if (holding) held.push(() => real.syncLater(fd, done))
      else real.syncLater(fd, done)
    },
    write: (fd, buf, from, to, position) => {
      if (code !== undefined) throw Object.assign(new Error(`${code}: refused`), { code })
      return real.write(fd, buf, from, to, position)
    },
  }
  const letGo = (): void => {
    holding = false
    for (const sync of held.splice(0)) sync()
  }
  return { disk, held, letGo, refuse: (next) => void (code = next) }
}

/** Holds up the thread for 12 ms first. */
function slowly<T>(work: () => T): T {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 12)
  return work()
}

/** Waits for some turns of the event loop of the broker, which runs in this process. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1))
}

test('under always, replies wait for the sync: of writes, and of reads that saw them', async (t) => {
  const { disk, held, letGo } = heldDisk()
  const server = await startBroker(t, { disk, args: ['--appendfsync', 'always'] })
  const [writer, reader] = await Promise.all([server.connect(), server.connect()])
  t.is(await writer.text('PUT', 'slow', '1'), '+OK\r\n')
  t.is(await reader.text('FETCH', 'k'), '$-1\r\n', 'nothing is unsynced yet')

  writer.sendRaw('PUT k v\r\n')
  await until(() => held.length === 1)
  reader.sendRaw('FETCH k\r\n')
  await turns()
  t.is(writer.unread().length, 0)
  t.is(reader.unread().length, 0)
  t.true(server.broker.outbox.waitingTurns > 0, 'the loop went on meanwhile')

  letGo()
  t.is(String((await writer.take(1))[0]), '+OK\r\n')
  t.is(String((await reader.take(1))[0]), '$1\r\nv\r\n')
  writer.destroy()
  reader.destroy()
})

test('under always, what came during a sync shares the next one, and replies keep their order', async (t) => {
  const { disk, held, letGo } = heldDisk()
  const server = await startBroker(t, { disk, args: ['--appendfsync', 'always'] })
  const client = await server.connect()
  await client.text('PUT', 'slow', '1')
  client.sendRaw('PUT k 0\r\n')
  await until(() => held.length === 1)
  for (let i = 1; i < 50; i++) {
    client.sendRaw(`PUT k ${i}\r\nFETCH k\r\n`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await turns()
  t.is(client.unread().length, 0)
  t.is(held.length, 1, 'one sync at a time')
  letGo()
  const replies = await client.take(99)
  const values = replies.map(String).filter((reply) => reply.startsWith('$')).map((reply) => reply.split('\r\n')[1])
  t.deepEqual(values, Array.from({ length: 49 }, (_, i) => String(i + 1)))
  client.destroy()
})

test('under always, what a write causes to be pushed waits for its sync: events, invalidations and messages of its turn', async (t) => {
  const { disk, held, letGo } = heldDisk()
  const server = await startBroker(t, { disk, args: ['--appendfsync', 'always', '--notify-keyspace-events', 'E$'] })
  const [writer, listener, cache] = await Promise.all([server.connect(), server.connect(), server.connect()])
  await writer.call('SET', 'slow', '1')
  await listener.call('PSUBSCRIBE', '*')
  await cache.pipeline([['HELLO', '3'], ['CLIENT', 'TRACKING', 'ON', 'BCAST']])

  writer.sendRaw('SET k v\r\nPUBLISH c m\r\n')
  await until(() => held.length === 1)
  await turns()
  for (const client of [writer, listener, cache]) t.is(client.unread().length, 0)
  t.is(cache.pushes.length, 0)
  letGo()
  t.deepEqual((await writer.take(2)).map(String), ['+OK\r\n', ':1\r\n'])
  const heard = (await listener.take(2)).map(String)
  t.true(heard[0]!.includes('__keyevent@0__:set') && heard[1]!.includes('\r\nc\r\n'))
  await until(() => cache.pushes.length === 1)
  for (const client of [writer, listener, cache]) client.destroy()
})

test('while the disk is full, messages go on, but nobody hears of the writes that were not kept', async (t) => {
  const { disk, letGo, refuse } = heldDisk()
  letGo()
  const server = await startBroker(t, { disk, args: ['--notify-keyspace-events', 'E$'] })
  const [writer, listener, other] = await Promise.all([server.connect(), server.connect(), server.connect()])
  await writer.call('SET', 'k', 'old')
  await listener.call('PSUBSCRIBE', '__key*')
  await other.call('SUBSCRIBE', 'c')
  refuse('ENOSPC')
  writer.sendRaw('SET k new\r\n')
  await until(() => server.broker.engine.log.state === 'failing')
  await turns()
  t.is(listener.unread().length, 0)
  const publisher = await server.connect()
  t.is(await publisher.text('PUBLISH', 'c', 'm'), ':1\r\n')
  t.is((await other.take(1)).length, 1)
  refuse(undefined)
  t.true(String((await listener.take(1))[0]).includes('__keyevent@0__:set'))
  t.is(String((await writer.take(1))[0]), '+OK\r\n')
  for (const client of [writer, listener, other, publisher]) client.destroy()
})

test('under everysec and no, replies do not wait for the sync', async (t) => {
  for (const policy of ['everysec', 'no']) {
    const { disk, letGo } = heldDisk()
    const server = await startBroker(t, { disk, args: ['--appendfsync', policy] })
    const client = await server.connect()
    t.is(await client.text('PUT', 'k', 'v'), '+OK\r\n')
    client.destroy()
    letGo()
  }
})

test('a full disk: the unwritten waits, writes get MISCONF, reads go on, and all recovers when space returns', async (t) => {
  const { disk, letGo, refuse } = heldDisk()
  letGo()
  const server = await startBroker(t, { disk })
  const [writer, reader] = await Promise.all([server.connect(), server.connect()])
  await writer.text('PUT', 'k', 'old')

  refuse('ENOSPC')
  writer.sendRaw('PUT k new\r\n')
  await until(() => server.broker.engine.log.state === 'failing')
  await turns()
  t.is(writer.unread().length, 0)
  const full = '-MISCONF Errors writing to the AOF file: No space left on device\r\n'
  t.is(await reader.text('PUT', 'k', 'other'), full)
  t.is(await reader.text('PING'), full)
  t.is(await reader.text('FETCH', 'k'), '$3\r\nnew\r\n')
  t.is((await reader.pipeline([['MULTI'], ['FETCH', 'k'], ['EXEC']])).length, 3)

  refuse(undefined)
  t.is(String((await writer.take(1))[0]), '+OK\r\n')
  t.is(await reader.text('PUT', 'k', 'last'), '+OK\r\n')
  await server.broker.stop()
  const second = await startBroker(t, { dir: server.dir })
  const client: RespClient = await second.connect()
  t.is(await client.text('FETCH', 'k'), '$4\r\nlast\r\n')
  for (const c of [writer, reader, client]) c.destroy()
})

test('a broker whose disk is full stops all the same; what it could not write was never acknowledged', async (t) => {
  const { disk, letGo, refuse } = heldDisk()
  letGo()
  const server = await startBroker(t, { disk })
  const client = await server.connect()
  await client.text('PUT', 'k', 'old')
  refuse('ENOSPC')
  client.sendRaw('PUT k new\r\n')
  await until(() => server.broker.engine.log.state === 'failing')
  await server.broker.stop()
  await client.closed
  t.is(client.unread().length, 0)
  refuse(undefined)
  const second = await startBroker(t, { dir: server.dir })
  const again = await second.connect()
  t.is(await again.text('FETCH', 'k'), '$3\r\nold\r\n')
  again.destroy()
})

test('the latency monitor tells of slow writes of the log, and of syncs that replies wait for', async (t) => {
  const real = realDisk()
  const disk: Disk = {
    ...real,
    write: (fd, buf, from, to, position) => slowly(() => real.write(fd, buf, from, to, position)),
    sync: (fd) => slowly(() => real.sync(fd)),
    syncLater: (fd, done) => slowly(() => real.syncLater(fd, done)),
  }
  const server = await startBroker(t, { disk, args: ['--appendfsync', 'always', '--latency-monitor-threshold', '10'] })
  const { latency } = server.broker
  const client = await server.connect()
  const heard = async (): Promise<string[]> => {
    await client.call('LATENCY', 'RESET')
    await client.call('PUT', 'k', 'v')
    // The sync of a frame is noted before its replies leave.
    return latency.events.filter((event) => event.startsWith('aof'))
  }
  t.deepEqual((await heard()).toSorted(), ['aof-fsync-always', 'aof-write'])
  t.true(latency.worstMs('aof-write') >= 10)
  await client.call('CONFIG', 'SET', 'appendfsync', 'everysec')
  t.deepEqual(await heard(), ['aof-write'])
  await client.call('CONFIG', 'SET', 'latency-monitor-threshold', '0')
  t.deepEqual(await heard(), [])
  client.destroy()
})
