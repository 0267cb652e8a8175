// XADD EXPECT: an entry is appended only where the stream's last id is the expected one.

import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { array, bulk, driver, fold, int } from './driver.ts'

const refused = (real: string, expected: string): string => `-LASTID ${real} is the last ID of the stream, not ${expected}\r\n`

test('EXPECT appends where the last id is as told, and tells the real one otherwise', (t) => {
  const d = driver()
  t.is(d.run('XADD', 's', 'EXPECT', '1-1', '2-1', 'f', 'v'), refused('0-0', '1-1'))
  t.is(d.run('EXISTS', 's'), int(0))
  t.is(d.run('XADD', 's', 'EXPECT', '0', '2-1', 'f', 'v'), bulk('2-1'))
  t.is(d.run('XADD', 's', 'EXPECT', '0-0', '*', 'f', 'v'), refused('2-1', '0-0'))
  t.is(d.run('XADD', 's', 'MAXLEN', 1, 'EXPECT', '2-1', '3-1', 'f', 'v'), bulk('3-1'))
  // What counts is the last id that was ever given, not the last entry that is still there.
  d.run('XDEL', 's', '3-1')
  t.is(d.run('XADD', 's', 'EXPECT', '2-1', '*', 'f', 'v'), refused('3-1', '2-1'))
  t.is(d.run('XADD', 's', 'EXPECT', '3-1', '*', 'EXPECT', '9-9'), bulk(`${d.clock.nowMs()}-0`))
  t.is(d.run('XRANGE', 's', '-', '+'), array(array(bulk(`${d.clock.nowMs()}-0`), array(bulk('EXPECT'), bulk('9-9')))))
  for (const effect of d.effects) t.notRegex(effect.command.toString(), /EXPECT\r\n\$3\r\n[0-9]-1/)
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

test('wrong forms of EXPECT change nothing', (t) => {
  const d = driver()
  t.is(d.run('XADD', 's', 'EXPECT', 'x', '*', 'f', 'v'), '-ERR Invalid stream ID specified as stream command argument\r\n')
  t.is(d.run('XADD', 's', 'EXPECT', '0', 'EXPECT', '0', '*', 'f', 'v'), '-ERR Invalid stream ID specified as stream command argument\r\n')
  t.is(d.run('XADD', 's', 'EXPECT', '*', 'f', 'v'), '-ERR Invalid stream ID specified as stream command argument\r\n')
  d.run('SET', 'text', 'v')
  t.regex(d.run('XADD', 'text', 'EXPECT', '0', '*', 'f', 'v'), /^-WRONGTYPE /)
  t.is(d.run('XADD', 's', 'NOMKSTREAM', 'EXPECT', '0', '*', 'f', 'v'), '$-1\r\n')
  t.is(d.run('EXISTS', 's'), int(0))
})

test('what a producer added before is answered with its id, whatever it expects', (t) => {
  const d = driver()
  const first = d.run('XADD', 's', 'EXPECT', '0', 'IDMP', 'p', '1', '*', 'f', 'v')
  d.run('XADD', 's', '*', 'f', 'v')
  t.is(d.run('XADD', 's', 'EXPECT', '0', 'IDMP', 'p', '1', '*', 'f', 'v'), first)
  t.regex(d.run('XADD', 's', 'EXPECT', '0', 'IDMP', 'p', '2', '*', 'f', 'v'), /^-LASTID /)
  t.is(d.run('XADD', 's', 'IDMPAUTO', 'p', 'EXPECT', '0', '*', 'g', 'v').slice(0, 8), '-LASTID ')
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

test('of writers who race, each step of the stream is won by exactly one', (t) => {
  fc.assert(
    fc.property(fc.array(fc.record({ writer: fc.nat(4), looks: fc.boolean() }), { maxLength: 200 }), (steps) => {
      const d = driver()
      const known = Array.from({ length: 5 }, () => '0-0')
      let last = '0-0'
      let length = 0
      for (const { writer, looks } of steps) {
        if (looks) known[writer] = last
        const reply = d.run('XADD', 's', 'EXPECT', known[writer]!, '*', 'writer', writer)
        if (known[writer] === last) {
          last = reply.split('\r\n')[1]!
          known[writer] = last
          length++
        } else if (reply !== refused(last, known[writer]!)) return false
      }
      return d.run('XLEN', 's') === int(length) && stateDigest(fold(d.effects)) === stateDigest(d.engine)
    }),
  )
  t.pass()
})
