// fold(log) = views with scripts and functions: what a script did is in the log as what it did, whole.
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { seededRandom } from '../../../core/random.ts'
import { checkAof, hasRedis, startRedis } from '../../process.ts'
import { scale } from '../../scale.ts'
import { startBroker } from '../in-process.ts'
import type { InProcess } from '../in-process.ts'

const library = (name: string, result: string): string => `#!lua name=${name}
redis.register_function('${name}_write', function(keys, args) redis.call('SET', keys[1], '${result}') return '${result}' end)
redis.register_function{function_name='${name}_read', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}`

const scripts = [
  'redis.call("SET", KEYS[1], ARGV[1]) return redis.call("INCR", KEYS[2])',
  'redis.call("SADD", "set", 1, 2, 3, 4, 5, 6) return redis.call("SPOP", "set", 2)',
  'redis.call("SET", KEYS[1], "x", "EX", 100) return redis.call("TTL", KEYS[1])',
  'redis.call("XADD", "stream", "*", "f", ARGV[1]) return redis.call("XLEN", "stream")',
  'redis.call("SELECT", 3) redis.call("APPEND", KEYS[1], ARGV[1]) return redis.call("SELECT", 0)',
  'redis.call("RPUSH", "list", unpack(ARGV)) redis.call("LPOP", "list") return redis.call("LPUSH", KEYS[1], "wrong")',
  'redis.call("HSET", "hash", KEYS[1], ARGV[1]) error("afterwards")',
  'redis.call("SET", KEYS[1], math.random()) return redis.call("GET", KEYS[1])',
  'for i = 1, 20 do redis.call("ZADD", "zset", i / 3, i) end return redis.call("ZPOPMIN", "zset", 3)',
  'return redis.pcall("GET", KEYS[1])', 'return 1', 'redis.call("DEL", KEYS[1], KEYS[2])',
  'redis.call("SET", KEYS[1], redis.call("TIME")[1])',
]

async function play(server: InProcess, seed: number, commands: number): Promise<void> {
  const r = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[r.u32() % list.length]!
  const client = await server.connect()
  const keys = ['a', 'b', 'c', 'd']
  const evaluate = (): string[] => ['EVAL', pick(scripts), '2', pick(keys), pick(['n', 'm']), pick(['1', 'text', '']), 'more']
  const names = ['one', 'two', 'three']
  for (let i = 0; i < commands; i++) {
    const dice = r.u32() % 20
    if (dice < 12) await client.call(...evaluate())
    else if (dice < 14) await client.pipeline([['MULTI'], evaluate(), ['INCR', 'n'], evaluate(), ['EXEC']])
    else if (dice < 15) await client.call('FUNCTION', 'LOAD', 'REPLACE', library(pick(names), pick(['x', 'y'])))
    else if (dice < 16) await client.call('FUNCTION', 'DELETE', pick(names))
    else if (dice < 17 && r.u32() % 5 === 0) await client.call('FUNCTION', 'FLUSH')
    else await client.call('FCALL', `${pick(names)}_${pick(['write', 'read'])}`, '1', pick(keys))
  }
  await client.call('FUNCTION', 'LOAD', 'REPLACE', library('last', 'z'))
  const dump = await client.call('FUNCTION', 'DUMP')
  const payload = dump.subarray(dump.indexOf('\n') + 1, -2)
  await client.call('FUNCTION', 'RESTORE', payload, 'REPLACE')
  client.destroy()
}

for (let seed = scale.seed; seed < scale.seed + 3; seed++) {
  test(`scripts, transactions and libraries fold to the state they made (seed ${seed})`, async (t) => {
    const first = await startBroker(t)
    await play(first, seed, 150)
    const digest = stateDigest(first.broker.engine)
    await first.broker.stop()
    const second = await startBroker(t, { dir: first.dir })
    t.is(stateDigest(second.broker.engine), digest)
    const client = await second.connect()
    t.is(await client.text('FUNCTION', 'FLUSH'), '+OK\r\n')
    t.not(stateDigest(second.broker.engine), digest, 'libraries are part of the state')
    client.destroy()
    await second.broker.stop()
  })
}

test('functions work after a restart, and redis-server finds them in our directory', async (t) => {
  const first = await startBroker(t)
  const client = await first.connect()
  await client.call('FUNCTION', 'LOAD', library('one', 'x'))
  await client.call('EVAL', 'redis.call("SET", "k", "1") redis.call("INCR", "k")', '0')
  client.destroy()
  await first.broker.stop()
  t.true(!hasRedis() || checkAof(first.dir).ok)

  const second = await startBroker(t, { dir: first.dir })
  const again = await second.connect()
  t.is(await again.text('FCALL', 'one_write', '1', 'f'), '$1\r\nx\r\n')
  t.is(await again.text('GET', 'k'), '$1\r\n2\r\n')
  again.destroy()
  await second.broker.stop()
  if (!hasRedis()) return
  const redis = await startRedis(t, { dir: first.dir })
  const other = await redis.connect()
  t.is(await other.text('FCALL', 'one_read', '1', 'f'), '$1\r\nx\r\n')
  t.is(await other.text('GET', 'k'), '$1\r\n2\r\n')
  other.destroy()
})
