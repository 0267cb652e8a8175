// The bytes of HyperLogLogs are redis-server's after the same additions, under any bound of the sparse form; values move
// from one server to the other by GET and SET.
import test from 'ava'
import { requireRedis, startMillrace, startRedis } from '../process.ts'
import { RespClient } from '../resp-client.ts'
import { decode } from '../resp-value.ts'
import { scale } from '../scale.ts'
import { seededRandom } from './random.ts'

const bounds = [0, 100, 1000, 3000, 9000]
const rounds = 150

test('after the same additions both servers hold the same bytes', async (t) => {
  t.timeout(5 * 60_000)
  if (!requireRedis(t)) return
  const servers = [await startMillrace(t, {}), await startRedis(t, {})]
  const sides = await Promise.all(servers.map((server) => RespClient.connect(server.port)))
  const [ours, theirs] = sides as [RespClient, RespClient]
  const both = async (...words: string[]): Promise<Buffer> => {
    const [one, other] = await Promise.all(sides.map((side) => side.call(...words)))
    if (!one!.equals(other!)) t.fail(`seed ${scale.seed}: ${words.slice(0, 4).join(' ')} …`)
    return one!
  }
  const r = seededRandom(scale.seed)
  const encodings = new Set<string>()
  for (const bound of bounds) {
    await both('CONFIG', 'SET', 'hll-sparse-max-bytes', String(bound))
    const key = `h${bound}`
    for (let round = 0; round < rounds; round++) {
      const elements = Array.from({ length: r.below(20) }, () => `${'long'.repeat(r.below(6))}${r.below(4000)}`)
      await both('PFADD', key, ...elements)
      await both('GET', key)
      if (r.chance(0.1)) await both('PFCOUNT', key)
    }
    encodings.add(String(await both('PFDEBUG', 'ENCODING', key)))
    await both('PFMERGE', 'merged', key)
    await both('GET', 'merged')
  }
  t.is(encodings.size, 2, 'both forms were seen')
  await both('PFCOUNT', ...bounds.map((bound) => `h${bound}`))

  const value = decode(await ours.call('GET', 'merged')).value as string
  await theirs.call('SET', 'moved', Buffer.from(value, 'latin1'))
  t.true((await theirs.call('PFCOUNT', 'moved')).equals(await ours.call('PFCOUNT', 'merged')))
  for (const side of sides) side.destroy()
})
