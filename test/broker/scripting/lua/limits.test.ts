// Sources at and beyond Lua's limits: compared with redis-server, both what runs and what is refused.
import test from 'ava'
import { requireRedis, startRedis } from '../../../process.ts'
import { RespClient } from '../../../resp-client.ts'
import { harness, runHere, sandbox } from './against-redis.ts'

function list(count: number, item: (i: number) => string, separator: string): string {
  return Array.from({ length: count }, (_, i) => item(i)).join(separator)
}

function nested(open: string, close: string, count: number, inner: string): string {
  return open.repeat(count) + inner + close.repeat(count)
}

const locals = (count: number) => list(count, (i) => `local a${i} = ${i}`, '\n')

const cases: Record<string, string> = {
  '200 locals': `${locals(200)}\nreturn a199`,
  '201 locals': `${locals(201)}\nreturn a199`,
  '201 parameters': `local function f(${list(201, (i) => `p${i}`, ', ')}) end`,
  '201 names in one statement': `local ${list(201, (i) => `p${i}`, ', ')} = 1`,
  'a loop whose variables are too many': `${locals(198)}\nfor i = 1, 2 do end`,
  'a loop whose variables just fit': `${locals(196)}\nfor i = 1, 2 do end return a195`,
  'a generic loop whose variables are too many': `${locals(197)}\nfor k, v in pairs({}) do end`,
  '60 upvalues': `${locals(60)}\nlocal function f() return ${list(60, (i) => `a${i}`, ' + ')} end return f()`,
  '61 upvalues': `${locals(61)}\nlocal function f()\n return ${list(61, (i) => `a${i}`, ' + ')} end return f()`,
  '150 parentheses': `return ${nested('(', ')', 150, '1')}`,
  '250 parentheses': `return ${nested('(', ')', 250, '1')}`,
  '190 blocks': `${nested('do ', 'end ', 190, '')}return 1`,
  '250 blocks': `${nested('do ', 'end ', 250, '')}return 1`,
  '60 functions in each other': `return ${nested('(function() return ', ' end)()', 60, '5')}`,
  '250 functions in each other': `return ${nested('(function() return ', ' end)()', 250, '5')}`,
  '150 tables in each other': `return ${nested('{', '}', 150, '')} ~= nil`,
  '250 tables in each other': `return ${nested('{', '}', 250, '')} ~= nil`,
  '190 strings one after the other': `return ${list(190, (i) => `"${i}"`, ' .. ')}`,
  '300 strings one after the other': `return ${list(300, (i) => `"${i}"`, ' .. ')}`,
  '5,000 sums': `return ${list(5000, String, ' + ')}`,
  '2,000 alternatives': `local x = 7 return ${list(2000, (i) => `x == ${i}`, ' or ')}`,
  '2,000 conditions': `local x = 7 if ${list(2000, () => 'x', ' and ')} then return x end`,
  'long chains with names like those of generated code':
    `local v0, v1, t1 = 1, 2, 3 return ${list(30, () => 'v0', ' + ')} .. "v0 t1", ${list(25, (i) => `(v1 / ${i + 1})`, ' - ')}, t1`,
  'nil at the end of a long sum': `local x return 1 ${'+ 2 '.repeat(30)}+ x`,
  'nil in the middle of a long sum': `local x return 1 ${'+ 2 '.repeat(30)}+ x ${'+ 2 '.repeat(30)}`,
  '500 arms of an if':
    `local x = 5 if x == 0 then return 0 ${list(500, (i) => `elseif x == ${i + 10} then return ${i}`, ' ')} end return x`,
  'a list of 20,000': `return #{${list(20000, String, ', ')}}`,
  '3,000 fields': `local t = {${list(3000, (i) => `k${i} = "${i}"`, ', ')}} return t.k2999`,
  '300 method calls in a row': `local s = "x" return (s${':upper()'.repeat(300)})`,
  '100 targets': `local t = {} ${list(100, (i) => `t[${i}]`, ', ')} = 1 return t[0]`,
  '20,000 statements': `local x ${list(20000, () => 'x = 1', '\n')} return x`,
  'a name of 5,000 chars': `local ${'x'.repeat(5000)} = 1 return ${'x'.repeat(5000)}`,
  'line 70,001': `${'\n'.repeat(70000)}local x return x.y`,
  'line ends of all kinds': 'local x\r\nlocal y\rreturn x.y',
  'a first line for a shell': '#!/bin/lua\nreturn 1',
  'a byte order mark': '\xef\xbb\xbfreturn 1',
}

test('sources at and beyond the limits give what redis-server gives', async (t) => {
  if (!requireRedis(t)) return
  const redis = await startRedis(t)
  const client = await RespClient.connect(redis.port)
  for (const [name, source] of Object.entries(cases)) {
    const reply = await client.call('EVAL', harness, 0, Buffer.from(source, 'latin1'))
    const there = reply.toString('latin1').replace(/^\$\d+\r\n/, '').slice(0, -2)
    for (const yielding of [false, true]) t.is(runHere(sandbox(yielding), source), there, name)
  }
  client.socket.destroy()
})
