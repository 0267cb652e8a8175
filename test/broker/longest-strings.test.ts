// Strings of 512 MiB, which are longer than V8's own: no command that reads one as text may fall over them.
import test from 'ava'
import { startMillrace } from '../process.ts'

test('the longest strings are values, numbers that are none, and never the end of the broker', async (t) => {
  const server = await startMillrace(t, { args: ['--appendonly', 'no'] })
  const client = await server.connect()
  const last = 512 * 1024 * 1024 - 1
  t.is(await client.text('SETRANGE', 'long', last, 'x'), `:${last + 1}\r\n`)
  t.is(await client.text('INCRBYFLOAT', 'long', '1'), '-ERR value is not a valid float\r\n')
  t.is(await client.text('INCR', 'long'), '-ERR value is not an integer or out of range\r\n')
  t.is(await client.text('PFADD', 'long', 'x'), '-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n')
  t.is(await client.text('RPUSH', 'list', 'long'), ':1\r\n')
  // Up to its first zero byte it is the empty string, which counts as 0.
  t.is(await client.text('SORT', 'list', 'BY', '*'), '*1\r\n$4\r\nlong\r\n')
  const script = 'local ok, e = pcall(redis.call, "GET", KEYS[1]) return type(e)'
  t.regex(await client.text('EVAL', script, '1', 'long'), /^(?:\$|-)/)
  t.is(await client.text('PING'), '+PONG\r\n')
})
