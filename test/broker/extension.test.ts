// What extensions may add to a broker, and the client inside it through which they write.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { createBroker } from '../../broker/broker.ts'
import { createConfig } from '../../broker/config/config.ts'
import type { Extension } from '../../broker/extension.ts'
import { InnerClient, ReplyError } from '../../broker/inner-client.ts'
import { freePort, temporaryDirectory } from '../process.ts'
import { RespClient } from '../resp-client.ts'
import { until } from '../until.ts'

const common = { group: 'generic', since: '0.0.0', summary: '', complexity: 'O(1)', flags: [] } as const

function book(heard: string[], hold: { inner?: InnerClient }): Extension {
  return {
    name: 'book',
    commands: [{ ...common, name: 'book', arity: 2, serve: (_c, a, r) => {
      hold.inner!.atomically(() => {
        hold.inner!.call(['RPUSH', 'entries', a.copy(1)])
        hold.inner!.call(['INCR', 'count'])
      })
      r.ok()
    } }],
    subcommands: { xgroup: [{ ...common, name: 'colour', arity: 2, serve: (_c, _a, r) => r.simple('blue') }] },
    attach: (broker) => {
      hold.inner = new InnerClient(broker, 'book keeper')
      return {
        started: () => heard.push('started'),
        turnEnded: (appended) => heard.push(`turn ${appended}`),
        stopping: async () => {
          hold.inner!.call(['SET', 'last', 'word'])
          heard.push('stopping')
        },
        info: [{ name: 'book', title: 'Book', lines: () => [['book_entries', 3]] }],
      }
    },
  }
}

async function open(dir: string, extension: Extension): Promise<{ stop: () => Promise<void>, client: RespClient }> {
  const port = await freePort()
  const config = createConfig(['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--appendonly', 'yes'])
  const broker = createBroker({ config, extensions: [extension] })
  await broker.start()
  return { stop: () => broker.stop(), client: await RespClient.connect(port) }
}

test('an extension has commands, subcommands, a section of INFO, and hears of turns', async (t) => {
  const heard: string[] = []
  const { stop, client } = await open(temporaryDirectory(t), book(heard, {}))
  t.is(await client.text('XGROUP', 'COLOUR'), '+blue\r\n')
  t.regex(await client.text('XGROUP', 'NOPE'), /unknown subcommand/)
  t.regex(await client.text('INFO', 'book'), /# Book\r\nbook_entries:3/)
  t.regex(await client.text('INFO'), /book_entries:3/)
  t.regex(await client.text('COMMAND', 'INFO', 'book'), /book/)
  await client.text('SET', 'a', '1')
  await stop()
  t.is(heard[0], 'started')
  t.true(heard.includes('turn 1'))
  t.is(heard.findLast((word) => !word.startsWith('turn')), 'stopping')
})

test('what an inner client does is one transaction of the log under its name, and serves who waits', async (t) => {
  const dir = temporaryDirectory(t)
  const { stop, client } = await open(dir, book([], {}))
  const port = Number(/tcp_port:(\d+)/.exec(await client.text('INFO', 'server'))![1])
  const waiter = await RespClient.connect(port)
  const served = waiter.text('BLPOP', 'entries', '0')
  await until('it waits', async () => /blocked_clients:1\r/.test(await client.text('INFO', 'clients')))
  t.is(await client.text('BOOK', 'first'), '+OK\r\n')
  t.regex(await served, /first/)
  t.is(await client.text('GET', 'count'), '$1\r\n1\r\n')
  await stop()
  const log = readFileSync(path.join(dir, 'appendonlydir', 'appendonly.aof.1.incr.aof'), 'latin1')
  t.regex(log, /client=0 user=book%20keeper addr=inner\r\n[^#]*MULTI\r\n[^]*RPUSH[^]*INCR[^]*EXEC[^]*LPOP/)
  const again = await open(dir, book([], {}))
  t.is(await again.client.text('MGET', 'count', 'last'), '*2\r\n$1\r\n1\r\n$4\r\nword\r\n')
  await again.stop()
})

test('an inner client decodes replies, and throws what is answered as an error', async (t) => {
  const hold: { inner?: InnerClient } = {}
  const { stop } = await open(temporaryDirectory(t), book([], hold))
  const inner = hold.inner!
  t.deepEqual(inner.call(['SET', 'ä', Buffer.from([0, 13, 10])]), 'OK')
  t.deepEqual(inner.call(['GET', 'ä']), Buffer.from([0, 13, 10]))
  t.is(inner.call(['GET', 'nothing']), null)
  t.deepEqual(inner.call(['HSET', 'h', 'f', 'v', 'g', '1.5']), 2)
  t.deepEqual(inner.call(['HGETALL', 'h']), new Map([[Buffer.from('f'), Buffer.from('v')], [Buffer.from('g'), Buffer.from('1.5')]]))
  t.is(inner.call(['INCRBY', 'n', '9007199254740993']), 9007199254740993n)
  t.deepEqual(inner.call(['ZADD', 'z', 'INCR', '1.5', 'm']), 1.5)
  t.throws(() => inner.call(['LPUSH', 'n', 'x']), { instanceOf: ReplyError, message: /^WRONGTYPE/ })
  t.throws(() => inner.call(['BOOK', 'x']), { message: /commands of core only/ })
  await stop()
})
