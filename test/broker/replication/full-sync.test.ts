// Full syncs from live memory: the dataset is the one of the cut whatever runs meanwhile, replicas share one, and a slow
// replica costs neither memory nor the others' time for ever.

import net from 'node:net'
import test from 'ava'
import { realDisk } from '../../../core/disk.ts'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { Scope, ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { startBroker } from '../in-process.ts'
import type { InProcess } from '../in-process.ts'
import { caughtUp, infoField, linkIsUp } from './attached.ts'
import { until } from '../../until.ts'

const quick = ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']

async function fill(client: RespClient, keys: number, bytes: number): Promise<void> {
  const value = 'x'.repeat(bytes)
  for (let i = 0; i < keys; i += 500) {
    await client.pipeline(Array.from({ length: Math.min(500, keys - i) }, (_, j) => ['SET', `key:${i + j}`, `${i + j}${value}`]))
  }
}

async function attach(scope: Scope, port: number): Promise<ServerProcess> {
  return await startRedis(scope, { args: ['--appendonly', 'no', ...quick, '--replicaof', `127.0.0.1 ${port}`] })
}

/** A replica that reads nothing of what comes until it is told to. */
async function deafReplica(scope: Scope, server: InProcess): Promise<net.Socket> {
  const socket = net.connect({ port: server.port, host: '127.0.0.1' })
  scope.teardown(() => socket.destroy())
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.pause()
  socket.write('REPLCONF capa eof capa psync2\r\n')
  const heard = (): boolean => [...server.broker.clients.values()].some((c) => c.replica !== undefined)
  await until('it was heard', async () => heard())
  socket.write('PSYNC ? -1\r\n')
  return socket
}

for (const diskless of ['yes', 'no']) {
  test(`the dataset is the one of the cut, and two who come together share it (repl-diskless-sync ${diskless})`, async (t) => {
    if (!requireRedis(t)) return
    // It begins when both are there.
    const both = ['--repl-diskless-sync-delay', '3600', '--repl-diskless-sync-max-replicas', '2']
    const master = await startMillrace(t, { args: [...quick, '--repl-diskless-sync', diskless, ...both] })
    const ours = await master.connect()
    await fill(ours, 60_000, 100)
    const load = { on: true, rounds: 0 }
    const writing = (async () => {
      const client = await master.connect()
      for (let i = 0; load.on; i++) {
        await client.pipeline([
          ['APPEND', `key:${(i * 7919) % 60_000}`, String(i)], ['DEL', `key:${(i * 104_729) % 60_000}`], ['SET', `new:${i}`, i],
          ['RPUSH', `list:${i % 10}`, i], ['RENAME', `new:${i}`, `key:${(i * 31) % 60_000}`], ['PEXPIRE', `key:${(i * 17) % 60_000}`, 50],
        ])
        load.rounds++
      }
      client.destroy()
    })()
    const replicas = await Promise.all([attach(t, master.port), attach(t, master.port)])
    const theirs = await Promise.all(replicas.map((replica) => replica.connect()))
    for (const client of theirs) await until('the link is up', () => linkIsUp(client))
    await until('there is load', () => load.rounds > 0)
    load.on = false
    await writing
    await until('no key has a deadline any more', async () => /^db0:keys=\d+,expires=0,/m.test(await ours.text('INFO', 'keyspace')))
    for (const client of theirs) await caughtUp(ours, client)
    const digest = await theirs[0]!.text('DEBUG', 'DIGEST')
    t.is(await theirs[1]!.text('DEBUG', 'DIGEST'), digest)
    // Millrace's digest is one of its own: a Millrace that follows the redis-server tells whether it has the same.
    const last = await startMillrace(t, { args: [...quick, '--replicaof', `127.0.0.1 ${replicas[0]!.port}`] })
    const end = await last.connect()
    await until('the link is up', () => linkIsUp(end))
    await caughtUp(theirs[0]!, end)
    t.is(await end.text('DEBUG', 'DIGEST'), await ours.text('DEBUG', 'DIGEST'))
    if (diskless !== 'yes') return
    await master.says(/a dataset for replicas is made/)
    t.is(master.output.match(/a dataset for replicas is made/g)?.length, 1)
  })
}

test('a replica that reads nothing holds up neither memory nor commands, and goes after repl-timeout', async (t) => {
  const args = ['--repl-diskless-sync-delay', '0', '--appendonly', 'no', '--rdbcompression', 'no', '--save', '']
  const server = await startBroker(t, { args })
  const client = await server.connect()
  await fill(client, 20_000, 2000)
  const socket = await deafReplica(t, server)
  const { replicas } = server.broker
  await until('it is stuck', async () => [...replicas.all].some(({ stage, stuckMs }) => stage === 'loads' && stuckMs > 300))
  const sent = [...replicas.all][0]!.at
  t.true(sent < 30 << 20, 'most of 40 MB was not even made')
  t.is(await client.text('SET', 'key:1', 'changed'), '+OK\r\n')
  // BGSAVE is a snapshot of its own.
  t.regex(await client.text('BGSAVE'), /^\+Background saving started/)
  await until('the dump is written', async () => await infoField(client, 'rdb_bgsave_in_progress') === '0')
  t.is(await infoField(client, 'rdb_last_bgsave_status'), 'ok')
  t.not(server.broker.engine.snapshot, undefined)
  await client.call('CONFIG', 'SET', 'repl-timeout', '1')
  await until('it was closed', async () => replicas.all.size === 0)
  t.is(server.broker.engine.snapshot, undefined)
  socket.destroy()
  client.destroy()
})

test('FLUSHALL in the middle of a sync ends it, and the next one is of what is there then', async (t) => {
  const server = await startBroker(t, { args: ['--repl-diskless-sync-delay', '0', '--rdbcompression', 'no'] })
  const client = await server.connect()
  await fill(client, 20_000, 2000)
  await deafReplica(t, server)
  const { replicas } = server.broker
  await until('it is stuck', async () => [...replicas.all].some(({ stage, stuckMs }) => stage === 'loads' && stuckMs > 100))
  t.is(await client.text('FLUSHALL'), '+OK\r\n')
  await until('it was closed', async () => replicas.all.size === 0)
  t.is(server.broker.engine.snapshot, undefined)
  await client.call('SET', 'a', '1')
  const other = await startMillrace(t, { args: ['--replicaof', `127.0.0.1 ${server.port}`] })
  const theirs = await other.connect()
  await until('the link is up', () => linkIsUp(theirs))
  t.is(await theirs.text('DBSIZE'), ':1\r\n')
  theirs.destroy()
  client.destroy()
})

test('a disk that refuses the dataset is tried again and again, and told of once', async (t) => {
  const disk = realDisk()
  const refused = { tries: 0, on: true }
  const openAppend = (file: string): number => {
    if (!refused.on || !file.includes('temp-sync-')) return disk.openAppend(file)
    refused.tries++
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  }
  const args = ['--repl-diskless-sync', 'no', '--appendonly', 'no']
  const server = await startBroker(t, { args, disk: { ...disk, openAppend } })
  const told = (): number => server.reports.filter((text) => text.startsWith("a dataset for replicas can't be made: ENOSPC")).length
  const replica = await startMillrace(t, { args: ['--replicaof', `127.0.0.1 ${server.port}`] })
  await until('it was tried some times', () => refused.tries > 3)
  t.is(told(), 1)
  refused.on = false
  const client = await replica.connect()
  await until('the link is up', () => linkIsUp(client))
  refused.on = true
  refused.tries = 0
  await client.pipeline([['REPLICAOF', 'NO', 'ONE'], ['REPLICAOF', '127.0.0.1', String(server.port)]])
  const other = await startMillrace(t, { args: ['--replicaof', `127.0.0.1 ${server.port}`] })
  await until('it was tried some times', () => refused.tries > 3)
  t.is(told(), 2)
  client.destroy()
  await other.kill9()
})
