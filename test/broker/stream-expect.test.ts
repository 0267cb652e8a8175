// XADD EXPECT in transactions and scripts: a transaction hangs on all that its XADDs expect.
import test from 'ava'
import { startBroker } from './in-process.ts'
import { startMillrace } from '../process.ts'
import { decode } from '../resp-value.ts'
import { until } from '../until.ts'

test('a transaction over several streams runs when all of them stand as expected, else not at all', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const transaction = async (...commands: string[][]): Promise<string> =>
    (await client.pipeline([['MULTI'], ...commands, ['EXEC']])).at(-1)!.toString()
  const appended = await transaction(
    ['XADD', 'a', 'EXPECT', '0', '1-1', 'f', 'v'], ['XADD', 'b', 'EXPECT', '0', '1-1', 'f', 'v'], ['SET', 'k', '1'],
  )
  t.is(appended, '*3\r\n$3\r\n1-1\r\n$3\r\n1-1\r\n+OK\r\n')
  const refused = await transaction(
    ['SET', 'k', '2'], ['XADD', 'a', 'EXPECT', '1-1', '2-1', 'f', 'v'], ['XADD', 'b', 'EXPECT', '0-5', '2-1', 'f', 'v'],
  )
  t.is(refused, '-EXECABORT Transaction discarded because of: LASTID 1-1 is the last ID of the stream, not 0-5\r\n')
  t.is(await client.text('GET', 'k'), '$1\r\n1\r\n')
  t.is(await client.text('XLEN', 'a'), ':1\r\n')

  // All expectations are about the streams as they were before: one transaction may append several times.
  const twice = await transaction(
    ['XADD', 'a', 'EXPECT', '1-1', '2-1', 'f', 'v'], ['XADD', 'a', 'EXPECT', '1-1', '3-1', 'f', 'v'], ['DEL', 'b'],
    ['XADD', 'b', 'EXPECT', '1-1', '1-1', 'f', 'v'], ['SELECT', '1'], ['XADD', 'a', 'EXPECT', '0', '1-1', 'f', 'v'],
  )
  t.is(twice, '*6\r\n$3\r\n2-1\r\n$3\r\n3-1\r\n:1\r\n$3\r\n1-1\r\n+OK\r\n$3\r\n1-1\r\n')
  // What is wrong for other reasons is told where it stands, as ever; the rest runs.
  const wrong = await transaction(['XADD', 'a', 'EXPECT', 'x', '*', 'f', 'v'], ['SET', 'l', '1'])
  t.regex(wrong, /^\*2\r\n-ERR Invalid stream ID .*\r\n\+OK\r\n$/)
  client.destroy()
})

test('a script decides by itself what to do about a refused append', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  await client.text('XADD', 's', '5-1', 'f', 'v')
  const script = "local r = redis.pcall('XADD', KEYS[1], 'EXPECT', ARGV[1], '*', 'f', 'v') return r.err or 'added'"
  t.regex(await client.text('EVAL', script, '1', 's', '4-1'), /LASTID 5-1 is the last ID of the stream, not 4-1/)
  t.is(await client.text('EVAL', script, '1', 's', '5-1'), '$5\r\nadded\r\n')
  client.destroy()
})

test('producers\' ids and expectations hold over a kill, a checkpoint and a restart', async (t) => {
  const server = await startMillrace(t, { appendfsync: 'always' })
  let client = await server.connect()
  const add = async (iid: string, expected: string): Promise<string> =>
    decode(await client.call('XADD', 's', 'IDMP', 'p', iid, 'EXPECT', expected, '*', 'f', iid)).value!.toString()
  const again = async (): Promise<void> => {
    client.destroy()
    await server.kill9()
    await server.start()
    client = await server.connect()
  }
  const first = await add('1', '0')
  await again()
  t.is(await add('1', '0'), first)
  const second = await add('2', first)
  await client.text('BGREWRITEAOF')
  await until('it is rewritten', async () => /aof_rewrite_in_progress:0/.test(await client.text('INFO', 'persistence')))
  const third = await add('3', second)
  await again()
  for (const [iid, id] of [['1', first], ['2', second], ['3', third]] as const) t.is(await add(iid, '0'), id)
  t.is(await add('4', second), `LASTID ${third} is the last ID of the stream, not ${second}`)
  t.is(await client.text('XLEN', 's'), ':3\r\n')
  client.destroy()
})
