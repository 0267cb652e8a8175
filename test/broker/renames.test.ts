// rename-command: clients and scripts know the new names only, redis-server answers the same, and the log has the
// commands' own names.
import test from 'ava'
import { createBroker } from '../../broker/broker.ts'
import { createConfig } from '../../broker/config/config.ts'
import { requireRedis, startRedis, temporaryDirectory } from '../process.ts'
import { startBroker } from './in-process.ts'
import { until } from '../until.ts'

const args = [
  '--rename-command', 'FLUSHALL', '', '--rename-command', 'config', 'Settings', '--rename-command', 'SET', 'write',
  '--rename-command', 'settings', 'setup', '--rename-command', 'GET', 'SET',
]

test('commands answer to their new names only, as in redis-server', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs] = await Promise.all([startBroker(t, { args }), startRedis(t, { args })])
  const [mine, other] = await Promise.all([ours.connect(), theirs.connect()])
  const script = [
    ['FLUSHALL'], ['CONFIG', 'GET', 'port'], ['SETTINGS', 'GET', 'port'], ['Setup', 'GET', 'databases'], ['setup', 'NOPE'],
    ['SET', 'k', 'v'], ['WRITE', 'k', 'v'], ['WRITE', 'k'], ['SET', 'k'], ['GET', 'k'],
    ['MULTI'], ['write', 'k', 'w'], ['set', 'k'], ['EXEC'], ['MULTI'], ['get', 'k'], ['EXEC'],
    ['EVAL', `return redis.call('write', KEYS[1], ARGV[1])`, '1', 'k', 'x'], ['EVAL', `return redis.call('set', 'k')`, '0'],
    ['EVAL', `return redis.call('get', 'k')`, '0'], ['EVAL', `return redis.acl_check_cmd('flushall')`, '0'],
  ]
  for (const command of script) t.is(await mine.text(...command), await other.text(...command), command.join(' '))

  const admin = await ours.connect()
  t.is(await admin.text('CLIENT', 'PAUSE', '100000', 'WRITE'), '+OK\r\n')
  const held = mine.text('WRITE', 'held', '1')
  await until(() => [...ours.broker.clients.values()].some((client) => client.postponed !== undefined))
  t.is(await admin.text('CLIENT', 'UNPAUSE'), '+OK\r\n')
  t.is(await held, '+OK\r\n')
  await ours.broker.stop()
  const again = await startBroker(t, { dir: ours.dir })
  const reader = await again.connect()
  t.deepEqual([await reader.text('GET', 'k'), await reader.text('GET', 'held')], ['$1\r\nx\r\n', '$1\r\n1\r\n'])
  for (const client of [mine, other, admin, reader]) client.destroy()
})

test('a command that is unknown, or a name that is taken, ends the start', (t) => {
  const dir = temporaryDirectory(t)
  const start = (...words: string[]): unknown => createBroker({ config: createConfig(['--dir', dir, ...words]) })
  t.throws(() => start('--rename-command', 'NOPE', 'x'), { message: /No such command in rename-command/, code: 'CONFIG' })
  t.throws(() => start('--rename-command', 'GET', 'set'), { message: /Target command name already exists/, code: 'CONFIG' })
  t.throws(() => start('--rename-command', 'GET'), { message: /wrong number of arguments/, code: 'CONFIG' })
})
