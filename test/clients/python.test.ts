// redis-py and RQ, as Debian has them: what a client of another language reads out of replies, and a job queue that is
// built on it.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { startMillrace, temporaryDirectory } from '../process.ts'

const python = '/usr/bin/python3'
const isInstalled = spawnSync(python, ['-c', 'import redis, rq']).status === 0

const commands = `
import sys, threading, redis
r = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
info = r.info('everything')
assert info['redis_version'].startswith('7.4.'), info['redis_version']
assert info['listener0']['name'] == 'tcp', info['listener0']
with r.pipeline() as p:
    for i in range(1000): p.set(f'k{i}', i)
    assert all(p.execute())
assert sorted(r.scan_iter('k*', count=100)) == sorted(f'k{i}' for i in range(1000))
def increment(p):
    value = int(p.get('k1'))
    p.multi()
    p.set('k1', value + 1)
threads = [threading.Thread(target=lambda: [r.transaction(increment, 'k1') for _ in range(25)]) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
assert r.get('k1') == '101', r.get('k1')
with r.lock('lock', timeout=100, blocking_timeout=100) as lock: assert lock.owned()
assert r.register_script('return {KEYS[1], ARGV[1]}')(['a'], ['b']) == ['a', 'b']
p = r.pubsub()
p.psubscribe('n*')
assert p.get_message(timeout=60)['type'] == 'psubscribe'
r.publish('news', 'hello')
assert p.get_message(timeout=60)['data'] == 'hello'
ids = [r.xadd('s', {'n': i}) for i in range(3)]
r.xgroup_create('s', 'g', '0')
assert r.xreadgroup('g', 'c', {'s': '>'}, count=2) == [['s', [(ids[0], {'n': '0'}), (ids[1], {'n': '1'})]]]
assert r.xpending('s', 'g') == {'pending': 2, 'min': ids[0], 'max': ids[1], 'consumers': [{'name': 'c', 'pending': 2}]}
assert r.xinfo_stream('s', full=True)['groups'][0]['name'] == 'g'
assert r.xautoclaim('s', 'g', 'd', 0, justid=True) == ids[:2]
assert r.zadd('z', {'a': 1.5, 'b': 2}) == 2 and r.zrange('z', 0, -1, withscores=True) == [('a', 1.5), ('b', 2.0)]
assert r.geoadd('geo', (13.361389, 38.115556, 'Palermo')) == 1
assert r.geosearch('geo', longitude=13, latitude=38, radius=100, unit='km') == ['Palermo']
assert r.client_list()[0]['name'] == '' and r.client_info()['resp'] == '2'
assert r.config_get('maxmemory') == {'maxmemory': '0'}
assert r.memory_stats()['keys.count'] > 1000 and r.memory_usage('k1') > 0
assert r.command()['get']['arity'] == 2 and 'get' in r.command_list()
assert r.acl_whoami() == 'default' and r.acl_getuser('default')['enabled']
assert r.role()[0] == 'master' and r.time()[0] > 0 and r.slowlog_get() is not None
`

const jobs = `
import sys
sys.path.insert(0, sys.argv[2])
from redis import Redis
from rq import Queue, Retry, SimpleWorker
import work
connection = Redis(port=int(sys.argv[1]))
queue = Queue(connection=connection)
added = [queue.enqueue(work.add, i, 1) for i in range(20)]
after = queue.enqueue(work.add, 1, 1, depends_on=added[-1])
failing = queue.enqueue(work.fail, retry=Retry(max=1))
SimpleWorker([queue], connection=connection).work(burst=True, logging_level='ERROR')
assert [job.result for job in added] == [i + 1 for i in range(20)]
assert after.result == 2
assert failing.get_status() == 'failed' and len(queue.failed_job_registry) == 1 and queue.count == 0
`

for (const [what, program] of [['redis-py reads our replies', commands], ['RQ runs its jobs', jobs]] as const) {
  test(what, async (t) => {
    if (!isInstalled) {
      if (process.env['CI']) return t.fail('python3-redis and python3-rq are not installed')
      t.log('SKIPPED: python3-redis and python3-rq are not installed')
      return t.pass()
    }
    const server = await startMillrace(t)
    const folder = temporaryDirectory(t)
    writeFileSync(path.join(folder, 'work.py'), 'def add(a, b): return a + b\ndef fail(): raise ValueError()\n')
    const { status, stderr } = spawnSync(python, ['-c', program, String(server.port), folder], { encoding: 'utf8', timeout: 120_000 })
    t.is(status, 0, stderr)
  })
}
