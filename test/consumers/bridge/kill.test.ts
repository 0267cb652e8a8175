// From a stream of one broker over JetStream to a stream of another one, while all three are killed again and again.
import test from 'ava'
import { AckPolicy, DeliverPolicy } from 'nats'
import { seededRandom } from '../../../core/random.ts'
import { patient, requireNats, startNats, type NatsServer } from '../../nats-server.ts'
import { startMillrace, type ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { decode, show, type RespValue } from '../../resp-value.ts'
import { scale } from '../../scale.ts'
import { until } from '../../until.ts'

const batch = 500

async function connected<T>(server: ServerProcess, work: (client: RespClient) => Promise<T>): Promise<T> {
  const client = await server.connect()
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}

/** Appends entries up to count-0, behind what the stream has. */
async function append(client: RespClient, count: number): Promise<void> {
  const last = decode(await client.call('XREVRANGE', 's', '+', '-', 'COUNT', '1')).value as RespValue[]
  let next = last.length === 0 ? 1 : Number.parseInt((last[0]!.value as RespValue[])[0]!.value as string, 10) + 1
  while (next <= count) {
    const commands = Array.from({ length: Math.min(batch, count + 1 - next) }, (_, i) => [
      'XADD', 's', `${next + i}-0`, 'n', String(next + i), 'data', `payload ${next + i}`,
    ])
    await client.pipeline(commands)
    next += commands.length
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** As `append`, whatever happens to the server meanwhile, until the test is over. */
async function produce(server: ServerProcess, count: number, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    try {
      return await connected(server, (client) => append(client, count))
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** What stands in the stream, as the numbers of its messages. */
async function arrived(server: ServerProcess): Promise<number[]> {
  return connected(server, async (client) => {
    const numbers: number[] = []
    let from = '-'
    for (;;) {
      const list = decode(await client.call('XRANGE', 's', from, '+', 'COUNT', '5000')).value as RespValue[]
      for (const one of list) {
        const [id, fields] = one.value as RespValue[]
        numbers.push(Number((fields!.value as RespValue[])[1]!.value))
        from = `(${id!.value as string}`
      }
      if (list.length < 5000) return numbers
    }
  })
}

async function stored(nats: NatsServer): Promise<number[]> {
  const nc = await nats.connect()
  const jsm = await nc.jetstreamManager(patient)
  const { state } = await jsm.streams.info('S')
  const { name } = await jsm.consumers.add('S', { ack_policy: AckPolicy.None, deliver_policy: DeliverPolicy.All })
  const consumer = await nc.jetstream(patient).consumers.get('S', name)
  const numbers: number[] = []
  const messages = await consumer.consume({ max_messages: 2000 })
  for await (const message of messages) {
    numbers.push(Number(message.headers!.get('n')))
    if (message.seq === state.last_seq) break
  }
  await nc.close()
  return numbers
}

function sameAsSent(numbers: readonly number[], count: number): string {
  for (let i = 0; i < Math.max(count, numbers.length); i++) {
    if (numbers[i] !== i + 1) return `at ${i}: ${numbers.slice(Math.max(0, i - 2), i + 3).join(' ')} of ${numbers.length}`
  }
  return 'same'
}

test('kills of both brokers and of the NATS server: nothing is lost, nothing comes twice, all in order', async (t) => {
  if (!requireNats(t)) return
  t.timeout(540_000)
  const random = seededRandom(scale.seed)
  t.log(`seed ${scale.seed}, ${scale.bridgedMessages} messages, ${scale.bridgeKills} kills of each of three`)
  const nats = await startNats(t)
  const args = (bridge: string): string[] => ['--bridge-nats-url', nats.url, '--bridge', bridge]
  const a = await startMillrace(t, { args: args('out stream-out s CREATE S') })
  const b = await startMillrace(t, { args: args('in stream-in S s') })
  const over = new AbortController()
  t.teardown(() => over.abort())
  const producing = produce(a, scale.bridgedMessages, over.signal)
  const kills = Array.from({ length: scale.bridgeKills }, () => [a, b, nats]).flat()
  for (let i = kills.length - 1; i > 0; i--) {
    const other = random.u32() % (i + 1)
    const [left, right] = [kills[i]!, kills[other]!]
    kills[i] = right
    kills[other] = left
  }
  for (const server of kills) {
    await new Promise((resolve) => setTimeout(resolve, random.u32() % 700))
    await server.kill9()
    await new Promise((resolve) => setTimeout(resolve, random.u32() % 200))
    await server.start()
  }
  await producing
  await until('all arrived', async () => {
    const length = await connected(b, async (client) => show(decode(await client.call('XLEN', 's'))))
    return Number(length.slice(1)) >= scale.bridgedMessages
  }, 240_000)
  t.is(sameAsSent(await stored(nats), scale.bridgedMessages), 'same')
  t.is(sameAsSent(await arrived(b), scale.bridgedMessages), 'same')
  const info = await connected(b, (client) => client.text('BRIDGE', 'INFO', 'in'))
  t.regex(info, /missing\r\n:0/)
  t.log((await connected(a, (client) => client.text('INFO', 'bridge'))).split('\r\n').at(-3))
})
