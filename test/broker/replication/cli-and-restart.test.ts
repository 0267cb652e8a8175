// redis-cli --rdb and --replica; replicas across our restarts and crashes; replicas that are too slow; load meanwhile.

import { spawn, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import { readState, stateDifferences } from '../../compat/state.ts'
import { caughtUp, infoField, linkIsUp, startReplica } from './attached.ts'
import { RawReplica } from './raw-replica.ts'
import { until } from '../../until.ts'

const quick = ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']

for (const diskless of ['yes', 'no']) {
  test(`redis-cli --rdb gets a file that redis-server loads (repl-diskless-sync ${diskless})`, async (t) => {
    if (!requireRedis(t)) return
    const master = await startMillrace(t, { args: [...quick, '--repl-diskless-sync', diskless] })
    const ours = await master.connect()
    for (let i = 0; i < 1000; i++) await ours.call('SET', `key-${i}`, `value-${i}`)
    await ours.call('RPUSH', 'list', 'a', 'b')
    const dir = temporaryDirectory(t)
    const file = path.join(dir, 'dump.rdb')
    const child = spawn('redis-cli', ['-p', String(master.port), '--rdb', file])
    const code = await new Promise((resolve) => child.once('exit', resolve))
    t.is(code, 0)
    t.true(statSync(file).size > 1000)
    const checked = spawnSync('redis-check-rdb', [file], { encoding: 'utf8' })
    t.is(checked.status, 0, checked.stdout)
    const copy = await startRedis(t, { dir, args: ['--appendonly', 'no'] })
    t.deepEqual(stateDifferences(await readState(master.port), await readState(copy.port), 'copy'), [])
    ours.destroy()
  })
}

test('redis-cli --replica shows the stream', async (t) => {
  if (!requireRedis(t)) return
  const master = await startMillrace(t, { args: quick })
  const ours = await master.connect()
  const child = spawn('redis-cli', ['-p', String(master.port), '--replica'])
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { text += chunk.toString() })
  await until('it is online', async () => /state=online/.test(await infoField(ours, 'slave0') ?? ''))
  await ours.call('SET', 'shown', 'here')
  await until('the command is shown', async () => text.includes('"shown","here"'))
  t.pass()
  ours.destroy()
})

test('after a graceful restart of ours replicas go on; after a crash they get all anew', async (t) => {
  if (!requireRedis(t)) return
  const master = await startMillrace(t, { args: quick })
  const replica = await startReplica(t, master)
  const theirs = await replica.connect()
  let ours = await master.connect()
  for (let i = 0; i < 100; i++) await ours.call('SET', `k${i}`, i)
  await caughtUp(ours, theirs)
  const before = await infoField(ours, 'master_replid')
  await master.restart()
  ours = await master.connect()
  await until('the link is up again', async () => await infoField(ours, 'connected_slaves') === '1' && await linkIsUp(theirs))
  t.is(await infoField(ours, 'sync_partial_ok'), '1')
  t.is(await infoField(ours, 'sync_full'), '0')
  t.is(await infoField(ours, 'master_replid2'), before)
  await ours.call('SET', 'after', '1')
  await caughtUp(ours, theirs)
  t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])

  await master.kill9()
  await master.start()
  ours = await master.connect()
  await until('the link is up again', async () => await infoField(ours, 'connected_slaves') === '1' && await linkIsUp(theirs))
  t.is(await infoField(ours, 'sync_full'), '1')
  await caughtUp(ours, theirs)
  t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
  ours.destroy()
  theirs.destroy()
})

test('two replicas that attach while clients write hold the same in the end', async (t) => {
  if (!requireRedis(t)) return
  // All that is written until a replica is back is kept for it, however long it takes.
  const master = await startMillrace(t, { args: [...quick, '--repl-backlog-size', '1gb'] })
  const ours = await master.connect()
  const load = { on: true }
  const writer = (async () => {
    const client = await master.connect()
    for (let i = 0; load.on; i++) {
      await client.pipeline(Array.from({ length: 50 }, (_, j) => ['INCRBY', `n${(i * 7 + j) % 500}`, String(j + 1)]))
      await client.pipeline([['MULTI'], ['RPUSH', `l${i % 50}`, String(i)], ['SADD', `s${i % 50}`, String(i)], ['EXEC']])
    }
    client.destroy()
  })()
  const replicas = await Promise.all([startReplica(t, master), startReplica(t, master)])
  await ours.call('CLIENT', 'KILL', 'TYPE', 'replica')
  await until('both are back', async () => Number(await infoField(ours, 'sync_partial_ok')) >= 2)
  load.on = false
  await writer
  for (const replica of replicas) {
    const theirs = await replica.connect()
    await until('the link is up', () => linkIsUp(theirs))
    await caughtUp(ours, theirs)
    t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
    theirs.destroy()
  }
  ours.destroy()
})

test('a replica that does not read is closed beyond its output limit', async (t) => {
  const master = await startMillrace(t, {
    args: ['--repl-diskless-sync', 'no', '--client-output-buffer-limit', 'replica 20mb 0 0', '--repl-backlog-size', '1mb'],
  })
  const replica = await RawReplica.attach(master.port)
  replica.socket.pause()
  const ours = await master.connect()
  const value = 'x'.repeat(1 << 20)
  await until('it is closed', async () => {
    await ours.call('SET', 'a', value)
    return await infoField(ours, 'connected_slaves') === '0'
  })
  t.is(await infoField(ours, 'client_output_buffer_limit_disconnections'), '1')
  t.true(Number(await infoField(ours, 'mem_replication_backlog')) < 8 << 20, 'what it was not sent is given up')
  replica.socket.destroy()
  ours.destroy()
})

test('what redis-server 7 has no words for makes replicas take the whole dataset anew', async (t) => {
  if (!requireRedis(t)) return
  const master = await startMillrace(t, { args: quick })
  const ours = await master.connect()
  const replica = await startReplica(t, master)
  const theirs = await replica.connect()
  await ours.pipeline([['SET', 'a', 'abc'], ['SET', 'b', 'abd'], ['BITOP', 'DIFF', 'c', 'a', 'b']])
  await until('a second full sync', async () => await infoField(ours, 'sync_full') === '2' && await linkIsUp(theirs))
  await caughtUp(ours, theirs)
  t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
  ours.destroy()
  theirs.destroy()
})
