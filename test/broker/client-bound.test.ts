// maxmemory-clients: who takes most is closed, others and those who said CLIENT NO-EVICT stay; as with redis-server.
import test from 'ava'
import { requireRedis, startMillrace, startRedis } from '../process.ts'
import type { ServerProcess } from '../process.ts'
import type { RespClient } from '../resp-client.ts'
import { startBroker } from './in-process.ts'
import { until } from '../until.ts'

/** Sends so many bytes of a command that is not complete. Redis takes memory for all of the argument at once. */
function begin(client: RespClient, bytes: number): void {
  client.sendRaw(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${bytes + 10}\r\n${'x'.repeat(bytes)}`)
}

async function evictions(admin: RespClient): Promise<number> {
  return Number(/evicted_clients:(\d+)/.exec(await admin.text('INFO', 'stats'))![1])
}

/** Who of three is closed when two of them, the second larger, go beyond 8 MiB. */
async function outcome(start: (args: string[]) => Promise<ServerProcess>): Promise<string[]> {
  const server = await start(['--maxmemory', '80mb', '--maxmemory-clients', '10%'])
  const [admin, small, middle, large, kept] = await Promise.all(Array.from({ length: 5 }, () => server.connect()))
  const gone: string[] = []
  for (const [name, client] of Object.entries({ small, middle, large, kept })) void client!.closed.then(() => gone.push(name))
  const seen = [await kept!.text('CLIENT', 'NO-EVICT', 'ON'), await small!.text('PING')]
  begin(middle!, 3e6)
  begin(large!, 6e6)
  await until(async () => await evictions(admin!) === 1)
  await until(async () => gone.length === 1)
  seen.push(...gone)
  begin(kept!, 5.7e6)
  await until(async () => await evictions(admin!) >= 2)
  await until(async () => gone.includes('middle'))
  seen.push(String(gone.includes('kept')), await small!.text('PING').catch(() => 'gone'))
  for (const client of [admin, small, middle, large, kept]) client!.destroy()
  return seen
}

test('the largest goes first, also when only those who may not be closed are larger; as with redis-server', async (t) => {
  if (!requireRedis(t)) return
  const expected = ['+OK\r\n', '+PONG\r\n', 'large', 'false', '+PONG\r\n']
  t.deepEqual(await outcome((args) => startRedis(t, { args })), expected)
  t.deepEqual(await outcome((args) => startMillrace(t, { args })), expected)
})

test('output that nobody reads counts; a bound that is taken away or too small is none, or the least', async (t) => {
  const server = await startBroker(t, { args: ['--maxmemory-clients', '4mb', '--client-output-buffer-limit', 'normal 0 0 0'] })
  const { clientBound } = server.broker
  t.is(clientBound.limitBytes, 4 << 20)
  const [admin, reader] = await Promise.all([server.connect(), server.connect()])
  await admin.call('SET', 'k', 'x'.repeat(1 << 20))
  reader.socket.pause()
  for (let i = 0; i < 40; i++) reader.sendRaw('GET k\r\n')
  await until(async () => await evictions(admin) === 1)
  t.is(server.broker.clients.size, 1)
  t.is(await admin.text('CONFIG', 'RESETSTAT'), '+OK\r\n')
  t.is(await evictions(admin), 0)
  for (const [value, bytes] of [['10', 128 << 10], ['5%', Infinity], ['0', Infinity]] as const) {
    t.is(await admin.text('CONFIG', 'SET', 'maxmemory-clients', value), '+OK\r\n')
    t.is(clientBound.limitBytes, bytes)
    t.is(clientBound.limited, bytes < Infinity)
  }
  admin.destroy()
  reader.destroy()
})
