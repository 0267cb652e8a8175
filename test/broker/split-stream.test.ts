// However the network cuts a stream of requests, the replies are the same bytes.
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { seededRandom } from '../compat/random.ts'
import { hasRedis, startMillrace, startRedis } from '../process.ts'
import { encodeCommand, RespClient, type Arg } from '../resp-client.ts'
import { scale } from '../scale.ts'

const abreast = 24
const gapMs = 2

/** Requests of every form on keys of their own, so that many connections can run at once. */
function stream(own: string): Buffer {
  const key = `split:${own}`
  const commands: (Arg[] | string)[] = [
    ['DEL', key, `${key}:s`], ['SET', key, 'v'.repeat(100)], ['GET', key], 'PING\r\n',
    ['SETRANGE', key, 5, Buffer.from([0, 13, 10, 255, 36, 42])], ['GET', key], ['NOPE', 'x', ''],
    'ECHO "in line \\x41"\r\n', ['XADD', `${key}:s`, '1-1', 'f', 'v\r\n'], ['GET', `${key}:s`],
    ['MULTI'], ['APPEND', key, ''], ['XRANGE', `${key}:s`, '-', '+'], ['EXEC'],
    '\r\n', ['ECHO', ''],
    ['XGROUP', 'CREATE', `${key}:s`, 'g', '0'], ['XINFO', 'GROUPS', `${key}:s`],
    ['MGET', key, 'nothing', `${key}:s`], ['STRLEN', key], 'inline nothing\n',
    ['DEL', key, `${key}:s`], ['PING', 'last'],
  ]
  return Buffer.concat(commands.map((command) =>
    typeof command === 'string' ? Buffer.from(command) : encodeCommand(command)))
}
const replyCount = 22

async function exchange(port: number, pieces: readonly Buffer[], protocol: 2 | 3): Promise<string> {
  const client = await RespClient.connect(port)
  if (protocol === 3) await client.call('HELLO', 3)
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) await sleep(gapMs)
    client.sendRaw(piece)
  }
  const replies = await client.take(replyCount)
  client.destroy()
  return Buffer.concat(replies).toString('latin1')
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.toSorted((a, b) => a - b), bytes.length]
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end)).filter((p) => p.length > 0)
}

for (const protocol of [2, 3] as const) {
  test(`RESP${protocol}: cut anywhere, a stream gives the replies of the whole`, async (t) => {
    t.timeout(300_000)
    const { port } = await startMillrace(t)
    const bytes = stream('0000')
    const whole = await exchange(port, [bytes], protocol)
    if (hasRedis()) {
      const redis = await startRedis(t)
      t.is(whole, await exchange(redis.port, [bytes], protocol))
    }

    const r = seededRandom(scale.seed)
    const plans: number[][] = [
      ...Array.from({ length: bytes.length - 1 }, (_, i) => [i + 1]),
      ...Array.from({ length: 100 }, () =>
        Array.from({ length: 1 + r.below(20) }, () => r.below(bytes.length))),
      Array.from({ length: bytes.length - 1 }, (_, i) => i + 1),
    ]
    const differing: number[][] = []
    for (let at = 0; at < plans.length; at += abreast) {
      await Promise.all(plans.slice(at, at + abreast).map(async (places, lane) => {
        const own = stream(String(lane + 1).padStart(4, '0'))
        const replies = await exchange(port, cutAt(own, places), protocol)
        if (replies !== whole) differing.push(places)
      }))
    }
    t.deepEqual(differing.slice(0, 3), [])
  })
}
