// `repl-diskless-load`: a master's dataset is parsed as it comes. Old data are served meanwhile where they may be, and stay
// whatever goes wrong.

import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { types } from '../../../core/keyspace/entry.ts'
import { Shadow } from '../../../broker/replication/shadow.ts'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { until } from '../../until.ts'
import { startBroker } from '../in-process.ts'
import { caughtUp, infoField, linkIsUp } from './attached.ts'
import { datasetOf, ScriptedMaster } from './scripted-master.ts'

const quick = ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']
const many = (prefix: string): string[][] => [
  ...Array.from({ length: 3000 }, (_, i) => ['SET', `${prefix}:${i}`, `value ${i}`]), ['SADD', 'set', 'a', 'b'],
  ['XADD', 'stream', '1-1', 'f', prefix], ['XGROUP', 'CREATE', 'stream', 'g', '0'], ['SET', 'which', prefix],
]
const old = many('old')
const fresh = many('new')
const which = (value: string): string => `$${value.length}\r\n${value}\r\n`

const bases = (server: ServerProcess): string[] =>
  readdirSync(path.join(server.dir, 'appendonlydir')).filter((name) => name.includes('.base.'))

for (const appendonly of ['yes', 'no']) {
  for (const load of ['on-empty-db', 'swapdb']) {
    for (const peer of ['redis-server', 'millrace'] as const) {
      test(`${load}: all of a ${peer} comes over, with no file between (appendonly ${appendonly})`, async (t) => {
        if (peer === 'redis-server' && !requireRedis(t)) return
        const startPeer = peer === 'millrace' ? startMillrace : startRedis
        const master = await startPeer(t, { args: [...quick, '--appendonly', 'no'] })
        const theirs = await master.connect()
        await theirs.pipeline(fresh)
        await theirs.call('SET', 'big', 'x'.repeat(3_000_000))
        const readOnly = "redis.register_function{function_name='f', callback=function() return 1 end, flags={'no-writes'}}"
        await theirs.call('FUNCTION', 'LOAD', `#!lua name=lib\n${readOnly}`)
        await theirs.call('SELECT', 5)
        await theirs.call('SET', 'dated', 'v', 'PX', 900_000)
        const replica = await startMillrace(t, { args: [
          ...quick, '--appendonly', appendonly, '--repl-diskless-load', load, '--replicaof', `127.0.0.1 ${master.port}`,
        ] })
        const ours = await replica.connect()
        await until('the link is up', () => linkIsUp(ours))
        await theirs.call('INCR', 'n')
        await caughtUp(theirs, ours)
        const digest = await theirs.text('DEBUG', 'DIGEST')
        t.is(await ours.text('DEBUG', 'DIGEST'), digest)
        t.is(await ours.text('FCALL_RO', 'f', '0'), ':1\r\n')
        await replica.says(/the master's dataset took the place of ours/)
        t.is(await infoField(ours, 'loading'), '0')
        t.is(await infoField(ours, 'async_loading'), '0')
        theirs.destroy()
        ours.destroy()
        if (appendonly === 'no') return
        await replica.kill9()
        const alone = await startMillrace(t, { dir: replica.dir, args: quick })
        const again = await alone.connect()
        t.is(await again.text('DEBUG', 'DIGEST'), digest)
        again.destroy()
      })
    }
  }
}

async function followed(
  scripted: ScriptedMaster, replica: ServerProcess, marked: boolean,
): Promise<RespClient> {
  const client = await replica.connect()
  await client.call('REPLICAOF', '127.0.0.1', scripted.port)
  await scripted.beginSync(1, 1)
  scripted.send(datasetOf(old, marked))
  await until('the old data are there', async () => await linkIsUp(client))
  return client
}

for (const [appendonly, marked] of [['yes', true], ['no', true], ['yes', false]] as const) {
  test(`swapdb: old data of this history are served until the new are whole (appendonly ${appendonly}, ${marked ? 'mark' : 'length'})`,
    async (t) => {
      const scripted = await ScriptedMaster.start(t)
      const replica = await startMillrace(t, { args: [...quick, '--appendonly', appendonly, '--repl-diskless-load', 'swapdb'] })
      const client = await followed(scripted, replica, marked)
      t.is(await client.text('GET', 'which'), which('old'))
      const before = await client.text('DEBUG', 'DIGEST')
      const all = datasetOf(fresh, marked)
      const damaged = Buffer.from(all)
      damaged[all.length - 60] = damaged[all.length - 60]! ^ 1
      const begin = async (sync: number, bytes: Buffer): Promise<void> => {
        await scripted.beginSync(sync, 100)
        scripted.send(bytes)
      }

      // A part of it, which never becomes more.
      scripted.cut()
      await begin(2, all.subarray(0, all.length - 1000))
      await until('it is parsed', async () => Number(await infoField(client, 'loading_loaded_bytes') ?? 0) > all.length / 2)
      t.is(await infoField(client, 'async_loading'), '1')
      t.is(await infoField(client, 'loading'), '0')
      t.is(await client.text('GET', 'which'), which('old'))
      t.is(await client.text('DEBUG', 'DIGEST'), before)
      t.is(await client.text('EXISTS', 'new:1'), ':0\r\n')
      scripted.cut()
      await until('it is given up', async () => await infoField(client, 'async_loading') === '0')
      t.is(await client.text('DEBUG', 'DIGEST'), before)

      // All of it, and damaged.
      await begin(3, damaged)
      await until('it is refused', () => /its dataset can't be loaded/.test(replica.output))
      t.is(await client.text('DEBUG', 'DIGEST'), before)
      // It could still go on from where it was.
      t.deepEqual([...new Set(scripted.asked.slice(1))], [`${scripted.replid} 2`])

      // All of it, and what comes behind it.
      await begin(4, all.subarray(0, 5000))
      await until('it comes', async () => await infoField(client, 'async_loading') === '1')
      t.is(await client.text('GET', 'old:17'), which('value 17'))
      scripted.send(all.subarray(5000))
      await until('it took over', async () => await client.text('GET', 'which') === which('new'))
      scripted.sendCommand('SET', 'behind', 'it')
      await until('the stream goes on', async () => await client.text('GET', 'behind') === which('it'))
      t.is(await client.text('DBSIZE'), ':3004\r\n')
      t.is(await client.text('EXISTS', 'old:1'), ':0\r\n')
      const digest = await client.text('DEBUG', 'DIGEST')
      client.destroy()
      if (appendonly === 'no') return
      t.is(bases(replica).length, 1)
      await replica.kill9()
      const alone = await startMillrace(t, { dir: replica.dir, args: quick })
      const again = await alone.connect()
      t.is(await again.text('DEBUG', 'DIGEST'), digest)
      again.destroy()
    })
}

test('swapdb: what clients of a replica write while the log gets its new base goes with the old data', async (t) => {
  const scripted = await ScriptedMaster.start(t)
  const replica = await startMillrace(t, { args: [...quick, '--repl-diskless-load', 'swapdb', '--replica-read-only', 'no'] })
  const client = await followed(scripted, replica, true)
  const writes = { goOn: true, done: 0 }
  const writer = await replica.connect()
  const writing = (async (): Promise<void> => {
    while (writes.goOn) if (await writer.text('SET', `mine:${writes.done}`, 'x') === '+OK\r\n') writes.done++
  })()
  await until('something is written', () => writes.done > 20)
  scripted.cut()
  await scripted.beginSync(2, 100)
  scripted.send(datasetOf([...fresh, ...Array.from({ length: 20_000 }, (_, i) => ['SET', `more:${i}`, 'v'.repeat(i % 50)])], true))
  await until('it took over', async () => await client.text('GET', 'which') === which('new'))
  writes.goOn = false
  await writing
  t.is(await client.text('EXISTS', 'mine:1', 'old:1'), ':0\r\n')
  const digest = await client.text('DEBUG', 'DIGEST')
  await replica.kill9()
  const alone = await startMillrace(t, { dir: replica.dir, args: quick })
  const again = await alone.connect()
  t.is(await again.text('DEBUG', 'DIGEST'), digest)
  for (const one of [client, writer, again]) one.destroy()
})

for (const marked of [true, false]) {
  test(`a large value at the end of the file needs no more than comes (${marked ? 'mark' : 'length'})`, async (t) => {
    const scripted = await ScriptedMaster.start(t)
    const replica = await startMillrace(t, { args: [...quick, '--appendonly', 'no', '--repl-diskless-load', 'on-empty-db'] })
    const client = await replica.connect()
    await client.call('REPLICAOF', '127.0.0.1', scripted.port)
    await scripted.beginSync(1, 1)
    const all = datasetOf([['RPUSH', 'long', ...Array.from({ length: 40 }, () => randomBytes(70_000))]], marked)
    // The mark comes in two parts.
    for (const [from, to] of [[0, 200_000], [200_000, all.length - 13], [all.length - 13, all.length]]) {
      scripted.send(all.subarray(from, to))
      await sleep(50)
    }
    await until('it is there', () => linkIsUp(client))
    t.is(await client.text('LLEN', 'long'), ':40\r\n')
    client.destroy()
  })
}

test('swapdb: of another history, clients hear LOADING meanwhile, and have the old data again when it fails', async (t) => {
  const replica = await startMillrace(t, { args: [...quick, '--repl-diskless-load', 'swapdb'] })
  const client = await replica.connect()
  await client.pipeline(old)
  const scripted = await ScriptedMaster.start(t)
  const all = datasetOf(fresh, true)
  await client.call('REPLICAOF', '127.0.0.1', scripted.port)
  await scripted.beginSync(1, 1)
  scripted.send(all.subarray(0, all.length - 500))
  await until('clients hear it', async () => (await client.text('GET', 'which')).startsWith('-LOADING'))
  t.is(await infoField(client, 'loading'), '1')
  scripted.cut()
  await until('the old data are back', async () => await client.text('GET', 'which') === which('old'))
  await scripted.beginSync(2, 1)
  scripted.send(all)
  await until('the new data are there', async () => await client.text('GET', 'which') === which('new'))
  t.is(await client.text('REPLICAOF', 'NO', 'ONE'), '+OK\r\n')
  t.is(await client.text('SET', 'mine', '1'), '+OK\r\n')
  client.destroy()
})

test('on-empty-db: where there are keys the dataset goes into a file first', async (t) => {
  const replica = await startMillrace(t, { args: [...quick, '--repl-diskless-load', 'on-empty-db'] })
  const scripted = await ScriptedMaster.start(t)
  const client = await followed(scripted, replica, false)
  scripted.cut()
  await scripted.beginSync(2, 50)
  scripted.send(datasetOf(fresh, true))
  await replica.says(/the master's dataset took the place of ours[^]*the master's dataset is loaded/)
  await until('clients are served again', async () => !(await client.text('GET', 'which')).startsWith('-LOADING'))
  t.is(await client.text('GET', 'which'), which('new'))
  client.destroy()
})

test('what was beside the data that are served leaves no memory behind', async (t) => {
  const { broker: { engine }, broker } = await startBroker(t)
  const used = engine.arena.usedBytes
  for (let i = 0; i < 200; i++) {
    const shadow = new Shadow(broker)
    shadow.inside(() => {
      const entry = engine.db.create(types.string, Buffer.from('key'), 0, 3, engine.db.hash(Buffer.from('key'), 0, 3), 100)
      engine.db.setDeadline(entry, engine.db.hash(Buffer.from('key'), 0, 3), 1e15)
    })
    if (i % 2 === 0) shadow.takeOver()
    else shadow.drop()
    t.is(engine.dbs[0]!.count, 1)
    engine.lazy.drain()
  }
  new Shadow(broker).takeOver()
  engine.lazy.drain()
  t.is(engine.arena.usedBytes, used)
})
