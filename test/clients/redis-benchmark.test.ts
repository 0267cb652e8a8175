// redis-benchmark, unchanged: its whole default run works.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { requireRedis, startMillrace } from '../process.ts'

test('the whole default run of redis-benchmark', async (t) => {
  if (!requireRedis(t)) return
  const server = await startMillrace(t)
  const args = ['-p', String(server.port), '-n', '2000', '-c', '20', '--csv']
  for (const more of [[], ['-P', '16', '-r', '1000'], ['-3']]) {
    const { stdout } = await promisify(execFile)('redis-benchmark', [...args, ...more])
    const tests = stdout.trim().split('\n').slice(1).map((line) => line.split('","')[0]!.replace('"', ''))
    t.true(tests.length >= 20, tests.join(', '))
    for (const name of ['PING_INLINE', 'SET', 'GET', 'LPUSH', 'LPOP', 'SADD', 'SPOP', 'HSET', 'ZADD', 'ZPOPMIN']) {
      t.true(tests.includes(name), `${name} in ${tests.join(', ')}`)
    }
  }
})
