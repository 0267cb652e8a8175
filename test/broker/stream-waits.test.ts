// Clients that wait for streams: for an entry to be idle for long enough, for a group that goes away.
import test from 'ava'
import { requireRedis, startMillrace, startRedis } from '../process.ts'
import type { ServerProcess } from '../process.ts'
import type { RespClient } from '../resp-client.ts'
import { decode } from '../resp-value.ts'
import type { RespValue } from '../resp-value.ts'
import { until } from '../until.ts'
import { startBroker } from './in-process.ts'
import { parked } from './waiters.ts'

function waitFor(client: RespClient, consumer: string, claimMs: number, timeoutMs = 0): Promise<Buffer[]> {
  client.sendRaw(`XREADGROUP GROUP g ${consumer} BLOCK ${timeoutMs} CLAIM ${claimMs} STREAMS s >\r\n`)
  return client.take(1)
}

const items = (value: RespValue): RespValue[] => value.value as RespValue[]

/** Id, idle time and deliveries of each entry in a reply of one stream. */
function claimed(replies: readonly Buffer[]): [string, number, number][] {
  const [stream] = items(decode(replies[0]!))
  return items(items(stream!)[1]!).map((entry) => {
    const [id, , idle, deliveries] = items(entry)
    return [String(id!.value), Number(idle!.value), Number(deliveries!.value)]
  })
}

test('a blocked XREADGROUP CLAIM is woken by time alone, for each entry when it is idle for long enough', async (t) => {
  const server = await startBroker(t)
  const [one, two] = [await server.connect(), await server.connect()]
  for (const id of ['1-1', '2-1']) await one.text('XADD', 's', id, 'f', 'v')
  await one.text('XGROUP', 'CREATE', 's', 'g', '0')
  await one.text('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 1, 'STREAMS', 's', '>')
  const first = waitFor(two, 'b', 3_600_000)
  // The second entry goes to the one who waits: it is new.
  t.deepEqual(claimed(await first), [['2-1', 0, 0]])
  const [[id, idle, deliveries]] = claimed(await waitFor(two, 'b', 250)) as [[string, number, number]]
  t.is(`${id} ${deliveries}`, '1-1 1')
  t.true(idle >= 250, `${idle} ms`)
  t.is(server.broker.blocking.count, 0)
  for (const client of [one, two]) client.destroy()
})

test('a blocked XREADGROUP CLAIM also gets what another consumer takes only while it waits', async (t) => {
  const server = await startBroker(t)
  const [one, two] = [await server.connect(), await server.connect()]
  await one.text('XADD', 's', '1-1', 'f', 'v')
  await one.text('XGROUP', 'CREATE', 's', 'g', '$')
  const reply = waitFor(two, 'b', 30)
  await parked(server, 1)
  // As one, for the one who waits looks again by itself.
  const taking = [['XGROUP', 'SETID', 's', 'g', '0'], ['XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>']]
  await one.pipeline([['MULTI'], ...taking, ['EXEC']])
  const [[id, idle]] = claimed(await reply) as [[string, number, number]]
  t.is(id, '1-1')
  t.true(idle >= 30, `${idle} ms`)
  for (const client of [one, two]) client.destroy()
})

test('XNACK wakes who waits to claim, at once', async (t) => {
  const server = await startBroker(t)
  const [one, two] = [await server.connect(), await server.connect()]
  await one.text('XADD', 's', '1-1', 'f', 'v')
  await one.text('XGROUP', 'CREATE', 's', 'g', '0')
  await one.text('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>')
  const reply = waitFor(two, 'b', 3_600_000)
  await parked(server, 1)
  t.is(await one.text('XNACK', 's', 'g', 'SILENT', 'IDS', 1, '1-1'), ':1\r\n')
  t.deepEqual(claimed(await reply).map(([id, , deliveries]) => [id, deliveries]), [['1-1', 0]])
  for (const client of [one, two]) client.destroy()
})

test('two who wait to claim the same entry: one gets it, the other waits until its time is up', async (t) => {
  const server = await startBroker(t)
  const clients = [await server.connect(), await server.connect(), await server.connect()]
  let texts: string[] = []
  // The claim comes due once within the time that both wait: if all stands still in between, longer times are tried.
  for (let ms = 500; ms <= 8000 && texts.filter((text) => text === '*-1\r\n').length !== 1; ms *= 2) {
    await clients[0]!.text('DEL', 's')
    await clients[0]!.text('XADD', 's', '1-1', 'f', 'v')
    await clients[0]!.text('XGROUP', 'CREATE', 's', 'g', '0')
    await clients[0]!.text('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>')
    const replies = await Promise.all(['b', 'c'].map((consumer, i) => waitFor(clients[i + 1]!, consumer, ms, ms * 1.5)))
    texts = replies.map((reply) => String(reply[0])).toSorted()
  }
  t.is(texts[0], '*-1\r\n')
  t.regex(texts[1]!, /1-1/)
  t.is(server.broker.blocking.count, 0)
  for (const client of clients) client.destroy()
})

/** The reply of an XREADGROUP that waits, when `words` are run by another client. */
async function afterwards(server: ServerProcess, words: string): Promise<string> {
  const [waiter, other] = [await server.connect(), await server.connect()]
  await other.text('DEL', 's', 't', 'o')
  await other.text('XADD', 's', '1-1', 'f', 'v')
  await other.text('XADD', 'o', '1-1', 'f', 'v')
  await other.text('XGROUP', 'CREATE', 's', 'g', '$')
  const reply = waiter.text('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', 's', '>')
  await until('it waits', async () => /blocked_clients:1\r/.test(await other.text('INFO', 'clients')))
  await other.text(...words.split(' '))
  const text = await reply
  for (const client of [waiter, other]) client.destroy()
  return text
}

const noGroup = /^-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n$/

// From 7.2 on a read whose stream goes away is run again, and so fails as it would anew; 7.0 has texts of its own.
for (const [words, ours, theirs] of [
  ['DEL s', noGroup, /^-UNBLOCKED the stream key no longer exists\r\n$/],
  ['FLUSHALL', noGroup, /^-UNBLOCKED the stream key no longer exists\r\n$/],
  ['RENAME s t', noGroup, /^-UNBLOCKED the stream key no longer exists\r\n$/],
  ['SET s x', /^-WRONGTYPE /, /^-UNBLOCKED the stream key no longer exists\r\n$/],
  ['XGROUP DESTROY s g', noGroup, /^-NOGROUP the consumer group this client was blocked on no longer exists\r\n$/],
  ['RENAME o s', noGroup, /^-NOGROUP the consumer group this client was blocked on no longer exists\r\n$/],
] as const) {
  test(`${words} ends a wait for the group, as in redis-server, but with the error of 7.2 and later`, async (t) => {
    if (!requireRedis(t)) return
    const [mine, other] = await Promise.all([startMillrace(t), startRedis(t)])
    t.regex(await afterwards(mine, words), ours)
    t.regex(await afterwards(other, words), theirs)
  })
}
