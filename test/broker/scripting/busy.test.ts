// Scripts that take too long: the others are told BUSY, nothing is done twice, SCRIPT KILL ends what wrote nothing, and
// what was not ended is in no frame.
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { startMillrace } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { until } from '../../until.ts'

const busyEval = '-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n'
const busyFunction = '-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.\r\n'
const endless = 'while true do end'

/** Counts up a key for so many ms of TIME; answers the last count. */
const countFor = `
local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
local start, n = now(), 0
repeat n = redis.call('INCR', KEYS[1]) until now() - start > tonumber(ARGV[1])
return n`

function start(t: ExecutionContext, ...args: string[]): Promise<ServerProcess> {
  return startMillrace(t, { args: ['--busy-reply-threshold', '60', '--enable-debug-command', 'yes', ...args] })
}

/** Asks until the answer is the one awaited; the answers before it. */
async function answered(client: RespClient, words: readonly string[], wanted: (reply: string) => boolean): Promise<string[]> {
  const before: string[] = []
  await until(`${words.join(' ')} is answered as awaited`, async () => {
    const reply = await client.text(...words)
    if (wanted(reply)) return true
    before.push(reply)
    return false
  })
  return before
}

test('an endless script: BUSY for the others, SCRIPT KILL ends it', async (t) => {
  const server = await start(t)
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  const ended = looping.text('EVAL', endless, '0')
  const before = await answered(other, ['PING'], (reply) => reply === busyEval)
  t.true(before.every((reply) => reply === '+PONG\r\n'))
  t.is(await other.text('GET', 'k'), busyEval)
  t.is(await other.text('SHUTDOWN'), busyEval)
  t.is(await other.text('FUNCTION', 'KILL'), busyEval)
  t.is(await other.text('FUNCTION', 'STATS'), busyEval)
  t.deepEqual((await other.pipeline([['MULTI'], ['GET', 'k'], ['EXEC'], ['DISCARD']])).map(String), [
    '+OK\r\n', busyEval, `-EXECABORT Transaction discarded because of: ${busyEval.slice(1)}`, '-ERR DISCARD without MULTI\r\n',
  ])
  t.is(await other.text('SCRIPT', 'KILL'), '+OK\r\n')
  t.is(await ended,
    '-ERR Script killed by user with SCRIPT KILL... script: 694a5fe1ddb97a4c6a1bf299d9537c7d3d0f84e7, on @user_script:1.\r\n')
  t.is(await other.text('PING'), '+PONG\r\n')
  t.is(await looping.text('PING'), '+PONG\r\n')
  t.is(await other.text('SCRIPT', 'KILL'), '-NOTBUSY No scripts in execution right now.\r\n')
})

test('pcall can\'t catch the end of a script, nor can an endless loop within a coroutine avoid it', async (t) => {
  const server = await start(t)
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  for (const script of [
    'while true do pcall(function() while true do end end) end', 'local f f = function() return f() end f()',
    'coroutine.wrap(function() while true do end end)()', 'table.sort({1, 2, 3}, function() while true do end end)',
    'return (("a"):gsub("a", function() while true do end end))', 'while true do xpcall(function() error("x") end, function() end) end',
  ]) {
    const ended = looping.text('EVAL', script, '0')
    await answered(other, ['SCRIPT', 'KILL'], (reply) => reply === '+OK\r\n')
    t.regex(await ended, /^-ERR Script killed by user with SCRIPT KILL\.\.\. script: [0-9a-f]{40}, on @user_script:1\.\r\n$/, script)
  }
})

test('a script that can\'t pause where it is comes to an end by itself', async (t) => {
  const server = await start(t)
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  for (const script of [
    'return ("a"):rep(50):find(("a*"):rep(50) .. "b")', 'return setmetatable({}, {__index = function() while true do end end}).x',
    'coroutine.wrap(function() return setmetatable({}, {__index = function() while true do end end}).x end)()',
  ]) {
    t.regex(await looping.text('EVAL', `redis.call('PING') ${script}`, '0'), /^-ERR Script ended: it is where it can't be interrupted/)
    t.is(await other.text('PING'), '+PONG\r\n')
  }
})

test('a script that wrote goes on where it stood, and nothing is done twice', async (t) => {
  const server = await start(t)
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  const ended = looping.pipeline([['SET', 'before', '1'], ['EVAL', countFor, '1', 'n', '3000'], ['GET', 'n']])
  await answered(other, ['PING'], (reply) => reply === busyEval)
  t.regex(await other.text('SCRIPT', 'KILL'), /^-UNKILLABLE Sorry the script already executed write commands/)
  const [, counted, stored] = (await ended).map(String)
  t.is(stored!.split('\r\n')[1], counted!.slice(1, -2))
  t.true(Number(counted!.slice(1, -2)) > 100)

  const digest = await other.text('DEBUG', 'STATE-DIGEST')
  await server.restart()
  const again = await server.connect()
  t.is(await again.text('GET', 'n'), stored!)
  t.is(await again.text('DEBUG', 'STATE-DIGEST'), digest)
})

test('what a script drew, read from the clock, and did to replies is the same when it goes on', async (t) => {
  const server = await start(t)
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  await other.pipeline([['RPUSH', 'list', 'a', 'b', 'c'], ['EVAL', 'return math.random()', '0']])
  const ended = looping.text('EVAL', `
    local drawn, list, clock = {}, redis.call('LRANGE', 'list', 0, -1), os.clock()
    for i = 1, 50 do drawn[i] = math.random(1000000) end
    list[1] = 'changed'
    table.remove(list)
    redis.call('DEL', 'drawn')
    redis.call('RPUSH', 'drawn', unpack(drawn))
    redis.call('SET', 'clock', string.format('%.17g', clock))
    redis.log(redis.LOG_WARNING, 'once')
    redis.call('SELECT', 3)
    ${countFor.replace('return n', '')}
    redis.call('SET', 'where', 'db 3')
    redis.call('SELECT', 0)
    return {
      table.concat(drawn, ' ') == table.concat(redis.call('LRANGE', 'drawn', 0, -1), ' '), table.concat(list, ' '),
      redis.call('GET', 'clock') == string.format('%.17g', clock), redis.call('LLEN', 'drawn'), redis.call('EXISTS', 'n', 'where'),
    }`, '1', 'n', '3000')
  await answered(other, ['PING'], (reply) => reply === busyEval)
  t.is(await ended, '*5\r\n:1\r\n$9\r\nchanged b\r\n:1\r\n:50\r\n:0\r\n')
  t.deepEqual((await other.pipeline([['SELECT', '3'], ['GET', 'where'], ['EXISTS', 'n']])).map(String),
    ['+OK\r\n', '$4\r\ndb 3\r\n', ':1\r\n'])
  await server.says(/once/)
  t.is(server.output.split('once').length, 2, 'one line in the log')
})

test('a script with more replies than are kept goes on all the same, and comes to its end or is killed', async (t) => {
  const server = await start(t, '--busy-reply-threshold', '1000')
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  const read = `
    local bytes = 0
    for i = 1, 100 do
      redis.call('INCR', 'n')
      bytes = bytes + #redis.call('GET', 'large')
    end`
  await other.call('SET', 'large', 'x'.repeat(1 << 20))
  t.is(await looping.text('EVAL', `${read} return {bytes, redis.call('GET', 'n')}`, '0'), `*2\r\n:${100 << 20}\r\n$3\r\n100\r\n`)
  const ended = looping.text('EVAL', `${read.replace(`redis.call('INCR', 'n')`, '')} ${endless}`, '0')
  await answered(other, ['SCRIPT', 'KILL'], (reply) => reply === '+OK\r\n')
  t.regex(await ended, /^-ERR Script killed by user/)
})

test('a function that depends on what its library kept ends rather than go another way', async (t) => {
  const server = await start(t)
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  await other.text('FUNCTION', 'LOAD', `#!lua name=l
    local calls = 0
    redis.register_function('odd', function(keys, args)
      calls = calls + 1
      for i = 1, 3 do redis.call('SET', string.rep('k', calls), i) end
      ${countFor.replaceAll('KEYS', 'keys').replaceAll('ARGV', 'args')}
    end)`)
  t.regex(await other.text('FCALL', 'odd', '1', 'n', '0'), /^:1\r\n$/)
  t.regex(await looping.text('FCALL', 'odd', '1', 'n', '3000'), /^-ERR Script ended: the script took another way when it was run again/)
  t.is(await other.text('PING'), '+PONG\r\n')
})

test('a script within MULTI that takes too long: the transaction is whole', async (t) => {
  const server = await start(t)
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  const ended = looping.pipeline([
    ['MULTI'], ['SET', 'a', '1'], ['EVAL', countFor, '1', 'n', '3000'], ['INCR', 'a'], ['EVAL', countFor, '1', 'm', '2000'], ['GET', 'm'],
    ['EXEC'], ['GET', 'a'],
  ])
  await answered(other, ['PING'], (reply) => reply === busyEval)
  await answered(other, ['PING'], (reply) => reply === '+PONG\r\n')
  const replies = (await ended).map(String)
  const match = /^\*5\r\n\+OK\r\n:(\d+)\r\n:2\r\n:(\d+)\r\n\$\d+\r\n(\d+)\r\n$/.exec(replies[6]!)
  t.not(match, null, replies[6])
  t.is(match![2], match![3])
  t.is(await other.text('GET', 'n'), `$${match![1]!.length}\r\n${match![1]!}\r\n`)
  t.is(replies[7], '$1\r\n2\r\n')
})

test('a function that takes too long is FUNCTION KILL\'s affair', async (t) => {
  const server = await start(t)
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  await other.text('FUNCTION', 'LOAD', '#!lua name=l\nredis.register_function("loop", function(keys, args) while true do end end)')
  const ended = looping.text('FCALL', 'loop', '1', 'k', 'a')
  await answered(other, ['PING'], (reply) => reply === busyFunction)
  t.is(await other.text('SCRIPT', 'KILL'), busyFunction)
  t.regex(await other.text('FUNCTION', 'STATS'),
    /^\*4\r\n\$14\r\nrunning_script\r\n\*6\r\n\$4\r\nname\r\n\$4\r\nloop\r\n\$7\r\ncommand\r\n\*5\r\n.*duration_ms\r\n:\d+\r\n/s)
  t.is(await other.text('FUNCTION', 'KILL'), '+OK\r\n')
  t.is(await ended, '-ERR Script killed by user with SCRIPT KILL... script: loop, on @user_function:2.\r\n')
  t.is(await looping.text('PING'), '+PONG\r\n')
})

test('SHUTDOWN NOSAVE ends a script that can\'t be killed; of what it did nothing is there afterwards', async (t) => {
  const server = await start(t)
  const [looping, other] = await Promise.all([server.connect(), server.connect()])
  await other.text('SET', 'kept', '1')
  looping.text('EVAL', `redis.call('SET', 'half', '1') ${endless}`, '0').catch(() => {})
  await answered(other, ['PING'], (reply) => reply === busyEval)
  t.regex(await other.text('SCRIPT', 'KILL'), /^-UNKILLABLE/)
  other.text('SHUTDOWN', 'NOSAVE').catch(() => {})
  t.is(await server.ended, 0)
  await server.start()
  const again = await server.connect()
  t.is(await again.text('GET', 'kept'), '$1\r\n1\r\n')
  t.is(await again.text('GET', 'half'), '$-1\r\n')
})

test('what clients were owed before the script, and keys that fall due while it runs', async (t) => {
  const server = await start(t, '--appendfsync', 'always')
  const [looping, other, third] = await Promise.all([server.connect(), server.connect(), server.connect()])
  await other.text('SET', 'due', '1', 'PX', '1500')
  const script = `redis.call('SET', 'wrote', '1') ${countFor.replace('return n', '')}
    redis.call('SET', 'seen', redis.call('EXISTS', 'due')) return n`
  const ended = looping.text('EVAL', script, '1', 'n', '3000')
  const early = third.text('SET', 'early', '1')
  await answered(other, ['PING'], (reply) => reply === busyEval)
  t.true(['+OK\r\n', busyEval].includes(await early))
  t.regex(await ended, /^:\d+\r\n$/)
  t.is(await other.text('GET', 'seen'), '$1\r\n1\r\n', 'time stands still for a script')
  t.is(await other.text('GET', 'due'), '$-1\r\n')
})
