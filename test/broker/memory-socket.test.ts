// A connection that stays in memory: who answers at once, where it reads, is served like any other.
import { once } from 'node:events'
import test from 'ava'
import { encodeCommand } from '../resp-client.ts'
import { startBroker } from './in-process.ts'

function echo(n: number): Buffer {
  return encodeCommand(['ECHO', String(n)])
}

test('a reader that sends its next command from within gets all replies, beside others', async (t) => {
  const { broker } = await startBroker(t)
  const [eager, other] = [broker.connect(), broker.connect()]
  const wanted = Array.from({ length: 100 }, (_, i) => `$${String(i).length}\r\n${i}\r\n`).join('')
  const heard = { eager: '', other: '' }
  let sent = 0
  eager.on('data', (bytes: Buffer) => {
    heard.eager += bytes.toString('latin1')
    if (sent < 100) eager.write(echo(sent++))
    other.write(encodeCommand(['SET', 'k', 'v']))
  })
  other.on('data', (bytes: Buffer) => {
    heard.other += bytes.toString('latin1')
  })
  eager.write(echo(sent++))
  while (heard.eager.length < wanted.length) await once(eager, 'data')
  t.is(heard.eager, wanted)
  eager.end()
  await once(eager, 'close')
  const all = '+OK\r\n'.repeat(100)
  while (heard.other.length < all.length) await once(other, 'data')
  t.is(heard.other, all)
  other.destroy()
})

test('much is held back until it is read, and an end comes behind all that was sent', async (t) => {
  const { broker } = await startBroker(t)
  const client = broker.connect()
  const value = 'x'.repeat(1 << 20)
  for (let i = 0; i < 20; i++) client.write(encodeCommand(['ECHO', value]))
  client.write(encodeCommand(['QUIT']))
  await new Promise((resolve) => setTimeout(resolve, 20))
  let bytes = 0
  for await (const chunk of client) bytes += (chunk as Buffer).length
  t.is(bytes, 20 * (value.length + '$1048576\r\n\r\n'.length) + '+OK\r\n'.length)
})
