// Publish and subscribe: random sessions over several connections against redis-server, and what 7.4 does otherwise
// than the 7.0 that is installed: what a client publishes to itself follows the reply, also behind EXEC.
import test from 'ava'
import { seededRandom } from '../compat/random.ts'
import type { Random } from '../compat/random.ts'
import { requireRedis, startMillrace, startRedis } from '../process.ts'
import type { RespValue } from '../resp-value.ts'
import { decode, show } from '../resp-value.ts'
import { scale } from '../scale.ts'
import { openDuet } from './duet.ts'
import type { Step } from './duet.ts'
import { startBroker } from './in-process.ts'

const names = ['news', 'new', 'n', 'weather', 'a\xffb', '', 'x[1]', '\\', '__redis__:invalidate']
const patterns = ['*', 'n*', 'new?', '', '[nw]*', 'x\\[1\\]', '\\\\', 'a?b', '*:*']
const protocols = [2, 3, 2, 3, 3] as const

function some(r: Random, from: readonly string[], max: number): string[] {
  return Array.from({ length: 1 + r.below(max) }, () => r.pick(from))
}

function draw(r: Random): string[] {
  const kind = r.below(100)
  if (kind < 15) return ['SUBSCRIBE', ...some(r, names, 3)]
  if (kind < 25) return ['PSUBSCRIBE', ...some(r, patterns, 2)]
  if (kind < 32) return ['SSUBSCRIBE', ...some(r, names, 2)]
  if (kind < 38) return ['UNSUBSCRIBE', ...(r.chance(0.3) ? [] : some(r, names, 2))]
  if (kind < 43) return ['PUNSUBSCRIBE', ...(r.chance(0.3) ? [] : some(r, patterns, 2))]
  if (kind < 47) return ['SUNSUBSCRIBE', ...(r.chance(0.3) ? [] : some(r, names, 2))]
  if (kind < 72) return ['PUBLISH', r.pick(names), r.chance(0.1) ? 'long'.repeat(r.below(30_000)) : r.pick(['', 'hi', '\r\n'])]
  if (kind < 78) return ['SPUBLISH', r.pick(names), 'hi']
  return r.pick([
    ['PUBSUB', 'CHANNELS'], ['PUBSUB', 'CHANNELS', r.pick(patterns)], ['PUBSUB', 'NUMSUB', ...some(r, names, 4)],
    ['PUBSUB', 'NUMPAT'], ['PUBSUB', 'SHARDCHANNELS', '*'], ['PUBSUB', 'SHARDNUMSUB', ...some(r, names, 2)], ['PING'],
    ['PING', 'x'], ['PUBSUB', 'NUMPAT', 'x'], ['PUBSUB', 'CHANNELS', 'a', 'b'], ['PUBSUB', 'NOPE'], ['PUBSUB'],
    ['SUBSCRIBE'], ['GET', 'k'], ['RESET'], ['HELLO', r.pick(['2', '3'])], ['PUBSUB', 'SHARDCHANNELS'], ['SPUBLISH', 'x'],
  ])
}

const byText = (a: RespValue, b: RespValue): number => (show(a) < show(b) ? -1 : 1)

/**
 * Without an order are the lists of channels, the names that were left when none were given (their counts are then
 * anyone's), and the patterns that match one message.
 */
function settle(heard: RespValue[]): RespValue[] {
  const settled: RespValue[] = []
  const run: RespValue[] = []
  let runs = ''
  const end = (): void => void settled.push(...run.splice(0).toSorted(byText))
  for (const value of heard) {
    const items = Array.isArray(value.value) ? value.value : []
    const word = String(items[0]?.value)
    if (word !== runs) end()
    runs = word
    if (word === 'pmessage') run.push(value)
    else if (word.endsWith('unsubscribe')) run.push({ ...value, value: items.slice(0, 2) })
    else if (word === 'server') settled.push({ ...value, value: items.slice(4, 6) })
    else if (word.endsWith('message') || items.some((item) => item.type !== '$')) settled.push(value)
    else settled.push({ ...value, value: value.value === null || items.length === 0 ? value.value : items.toSorted(byText) })
  }
  end()
  return settled
}

test('random sessions: every connection hears what it hears from redis-server', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs] = await Promise.all([startMillrace(t), startRedis(t)])
  const sessions = scale.full ? 40 : 8
  for (let seed = scale.seed; seed < scale.seed + sessions; seed++) {
    const r = seededRandom(seed)
    const duet = await openDuet(ours, theirs, protocols)
    const played: string[] = []
    for (let i = 0; i < 60; i++) {
      const step: Step = { conn: r.below(protocols.length), commands: Array.from({ length: 1 + r.below(4) }, () => draw(r)) }
      played.push(`${step.conn}> ${step.commands.map((words) => words.map((word) => word.slice(0, 20)).join(' ')).join(' ; ')}`)
      const heard = await duet.play(step, settle)
      if (heard.ours.join('\n') === heard.theirs.join('\n')) continue
      t.deepEqual(heard.ours, heard.theirs, `seed ${seed}:\n${played.join('\n')}`)
      break
    }
    duet.close()
  }
  t.pass()
})

test('what a client publishes to itself follows the reply, and the whole of EXEC', async (t) => {
  const server = await startBroker(t)
  const client = await server.connect()
  await client.call('HELLO', 3)
  const chunks: Buffer[] = []
  client.socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await client.call('PING', 'mark')
  client.sendRaw('SUBSCRIBE c\r\nPUBLISH c one\r\nMULTI\r\nPUBLISH c two\r\nPING\r\nEXEC\r\nPING end\r\n')
  await client.take(6)
  const text = Buffer.concat(chunks).toString().split('mark\r\n')[1]!
  t.is(text.replaceAll('\r\n', ' '), '>3 $9 subscribe $1 c :1 :1 >3 $7 message $1 c $3 one '
    + '+OK +QUEUED +QUEUED *2 :1 +PONG >3 $7 message $1 c $3 two $3 end ')
  client.destroy()
})

test('messages stay in order and whole through many turns, sizes and subscribers', async (t) => {
  const server = await startBroker(t)
  const publisher = await server.connect()
  const subscribers = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
  await Promise.all(subscribers.map(async (client, i) => {
    if (i % 2 === 0) await client.call('HELLO', 3)
    client.sendRaw(i % 3 === 0 ? 'PSUBSCRIBE *\r\n' : 'SUBSCRIBE a b\r\n')
    if (i % 2 === 1) await client.take(i % 3 === 0 ? 1 : 2)
    else await client.call('PING')
    client.pushes.length = 0
  }))
  const sent: string[] = []
  const r = seededRandom(scale.seed)
  for (let round = 0; round < 30; round++) {
    const commands = Array.from({ length: 1 + r.below(60) }, (_, i) => {
      const payload = `${round}.${i}.${'x'.repeat(r.chance(0.05) ? 100_000 : r.below(100))}`
      const channel = r.chance(0.8) ? 'a' : 'b'
      sent.push(`${channel} ${payload}`)
      return ['PUBLISH', channel, payload]
    })
    const replies = await publisher.pipeline(commands)
    t.true(replies.every((reply) => String(reply) === ':20\r\n'))
  }
  for (const [i, client] of subscribers.entries()) {
    if (i % 2 === 0) await client.call('PING')
    const messages = i % 2 === 0 ? client.pushes : await client.take(sent.length)
    const heard = messages.map((message) => {
      const items = decode(message).value as RespValue[]
      return items.slice(-2).map((item) => item.value).join(' ')
    })
    t.true(heard.length === sent.length && heard.every((text, at) => text === sent[at]), `subscriber ${i}`)
    client.destroy()
  }
  publisher.destroy()
})

test('a subscriber that does not read is closed at its client-output-buffer-limit; the others hear on', async (t) => {
  const server = await startBroker(t, { args: ['--client-output-buffer-limit', 'pubsub 1mb 0 0'] })
  const [publisher, deaf, hearing] = await Promise.all([server.connect(), server.connect(), server.connect()])
  await Promise.all([deaf.call('SUBSCRIBE', 'c'), hearing.call('SUBSCRIBE', 'c')])
  t.regex(await publisher.text('CLIENT', 'LIST', 'TYPE', 'pubsub'), /flags=P .* sub=1 psub=0 ssub=0 /)
  deaf.socket.pause()
  const payload = 'x'.repeat(100_000)
  let receivers = '2'
  let sent = 0
  while (receivers === '2' && sent < 2000) {
    receivers = (await publisher.text('PUBLISH', 'c', payload)).slice(1, 2)
    sent++
    await hearing.take(1)
  }
  t.is(receivers, '1')
  t.regex(await publisher.text('INFO', 'stats'), /client_output_buffer_limit_disconnections:1\r\n/)
  t.regex(await publisher.text('INFO', 'stats'), /pubsub_channels:1\r\npubsub_patterns:0\r\npubsubshard_channels:0\r\n/)
  t.regex(await publisher.text('INFO', 'clients'), /pubsub_clients:1\r\n/)
  for (const client of [publisher, deaf, hearing]) client.destroy()
})
