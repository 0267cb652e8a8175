// Deadlines of fields through the whole server: nobody has to ask, clients are told, and a restart forgets none.
import test from 'ava'
import { startMillrace } from '../process.ts'
import { decode, show } from '../resp-value.ts'

test('fields go by themselves, listeners hear of it, INFO counts, and deadlines outlive a restart', async (t) => {
  const server = await startMillrace(t, { args: ['--notify-keyspace-events', 'Eh', '--appendonly', 'yes'] })
  let client = await server.connect()
  const listener = await server.connect()
  t.teardown(() => listener.destroy())
  t.teardown(() => client.destroy())
  const info = async (name: string): Promise<string> =>
    String(decode(await client.call('INFO')).value).split('\r\n').find((line) => line.includes(name)) ?? ''

  await listener.call('PSUBSCRIBE', '__keyevent@0__:hexpired')
  t.is(await client.text('HSET', 'h', 'soon', '1', 'late', '2', 'never', '3'), ':3\r\n')
  t.is(await client.text('HPEXPIREAT', 'h', '4000000000123', 'FIELDS', '1', 'late'), '*1\r\n:1\r\n')
  t.regex(await info('db0'), /subexpiry=1$/)
  t.is(await client.text('HPEXPIRE', 'h', '20', 'FIELDS', '1', 'soon'), '*1\r\n:1\r\n')
  // No command runs until the message is there.
  const [told] = await listener.take(1)
  t.is(show(decode(told!)), '*[$"pmessage", $"__keyevent@0__:hexpired", $"__keyevent@0__:hexpired", $"h"]')
  t.is(await client.text('HLEN', 'h'), ':2\r\n')
  t.is(await info('expired_subkeys'), 'expired_subkeys:1')

  client.destroy()
  await server.restart()
  client = await server.connect()
  t.is(await client.text('HPEXPIRETIME', 'h', 'FIELDS', '3', 'soon', 'late', 'never'), '*3\r\n:-2\r\n:4000000000123\r\n:-1\r\n')
  t.regex(await info('db0'), /subexpiry=1$/)
  t.is(await client.text('HPERSIST', 'h', 'FIELDS', '1', 'late'), '*1\r\n:1\r\n')
  t.regex(await info('db0'), /subexpiry=0$/)
})
