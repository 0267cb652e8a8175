// The numbers of INCRBYFLOAT: known results, and random ones against redis-server.
import fc from 'fast-check'
import test from 'ava'
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../../../core/types/long-double.ts'
import { requireRedis, startRedis } from '../../process.ts'
import { RespClient } from '../../resp-client.ts'

function sum(a: string, b: string): string {
  const [x, y] = [parseLongDouble(a), parseLongDouble(b)]
  if (x === undefined || y === undefined) return 'not a float'
  const result = addLongDoubles(x, y)
  return result.infinite ? 'infinite' : formatLongDouble(result)
}

test('sums are those of 64-bit mantissas', (t) => {
  t.is(sum('0.1', '0.2'), '0.3')
  t.is(sum('10.50', '0.1'), '10.6')
  t.is(sum('3.0e3', '200'), '3200')
  t.is(sum('0', '-0'), '0')
  t.is(sum('1e17', '0.5'), '100000000000000000.5')
  t.is(sum('18446744073709551615', '1'), '18446744073709551616')
  t.is(sum('18446744073709551616', '1'), '18446744073709551616')
  t.is(sum('18446744073709551616', '3'), '18446744073709551620')
  t.is(sum('0x10', '0x.8p1'), '17')
  t.is(sum('inf', '1'), 'infinite')
  t.is(sum('1e-400', '0'), '0')
  for (const bad of ['', ' 1', '1 ', '1e', '.', 'e5', '0x', 'nan', '1e5000', '1e-5000', '1\0', '--1', '1.2.3']) {
    t.is(sum(bad, '1'), 'not a float', bad)
  }
})

const digits = fc.stringMatching(/^\d{1,25}$/)
const numberArb = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.tuple(fc.constantFrom('', '-', '+'), digits, digits).map(([sign, a, b]) => `${sign}${a}.${b}`),
  fc.tuple(fc.constantFrom('', '-'), digits, fc.integer({ min: -60, max: 60 })).map(([sign, a, e]) => `${sign}${a}e${e}`),
  fc.tuple(digits, fc.integer({ min: -5000, max: 5000 })).map(([a, e]) => `${a}e${e}`),
  fc.tuple(fc.stringMatching(/^[0-9a-f]{1,20}$/), fc.integer({ min: -80, max: 80 })).map(([a, e]) => `0x${a}p${e}`),
  fc.constantFrom('0', '-0', '.5', '5.', '1e4932', '1.18973149535723176502e4932', '3e-4951', '1e-4951', 'INF', 'nan', '1e'),
)

test('sums are, digit for digit, those of redis-server', async (t) => {
  if (!requireRedis(t)) return
  const server = await startRedis(t)
  const client = await RespClient.connect(server.port)
  t.teardown(() => client.socket.destroy())
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(numberArb, numberArb), { minLength: 20, maxLength: 20 }),
    async (pairs) => {
      const replies = await client.pipeline(pairs.flatMap(([a, b]) => [['SET', 'k', a], ['INCRBYFLOAT', 'k', b]]))
      pairs.forEach(([a, b], i) => {
        const answer = replies[i * 2 + 1]!.toString().split('\r\n')
        const expected = answer[0]!.includes('not a valid float') ? 'not a float'
          : answer[0]!.includes('NaN or Infinity') ? 'infinite' : answer[1]
        t.is(sum(a, b), expected!, `${a} + ${b}`)
      })
    }), { numRuns: 100 })
})
