// Scripts and functions whose replies redis-server 7.0 gives byte for byte alike, in RESP2 and RESP3.
import test from 'ava'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import { decode, show } from '../../resp-value.ts'
import { snippets } from '../../compat/families/scripting.ts'

type Words = readonly string[]

const evals = (...sources: string[]): Words[] => sources.map((source) => ['EVAL', source, '2', 'k1', 'k2', 'a1', 'a2'])

const scripts: Readonly<Record<string, readonly Words[]>> = {
  snippets: evals(...snippets),
  conversions: [
    ['SET', 's', 'text'], ['RPUSH', 'l', 'a', 'b'], ['HSET', 'h', 'f', 'v'], ['SADD', 'm', 'x'], ['ZADD', 'z', '1.5', 'm'],
    ...['2', '3'].flatMap((resp) => evals(
      ...['get s', 'get none', 'lrange l 0 -1', 'lrange none 0 -1', 'hgetall h', 'smembers m', 'zscore z m', 'zscore z n',
        'zrange z 0 -1 withscores', 'set s v', 'set s v nx', 'incr s', 'incrbyfloat n 1.5', 'mget s none l', 'exists s none',
        'lpop none 2', 'hget h none', 'hmget h f g', 'type l', 'ping', 'ping hi', 'echo x', 'select 1', 'dbsize'].flatMap((line) => {
        const words = line.split(' ').map((word) => `'${word}'`).join(', ')
        const call = `redis.setresp(${resp}) local v = redis.pcall(${words})`
        return [
          `${call} return v`, `${call} return type(v)`, `${call} return {v}`,
          `${call} if type(v) ~= 'table' then return tostring(v) end
           local t = {} for k, w in pairs(v) do t[#t + 1] = tostring(k) .. type(w) end table.sort(t) return t`,
        ]
      }),
    )),
  ],
  errors: evals(
    'return redis.call("lpush", "s", "x")', 'redis.call("set", "s", "1") return redis.call("lpush", "s", "x")',
    'return redis.pcall("lpush", "s", "x")', 'local function f() redis.call("nope") end f()',
    'local function f()\n  error("deep")\nend\nf()', 'return 1 + {}', 'return {} .. "x"', 'return #nil', 'local t = nil\nt.x = 1',
    'return ("x"):rep(3, nil, {}):nope()', 'return math.floor("x")', 'return string.rep()', 'return string.format("%d", "x")',
    'return setmetatable(1, {})', 'local t = setmetatable({}, {__index = function() error("idx") end}) return t.x',
    'return tostring(setmetatable({}, {__tostring = function() return "T" end}))', 'return loadstring("return 1 +")',
    'return loadstring("return 7")()', 'return pcall(error)', 'return {pcall(error, "x")}', 'return {pcall(error, {err = "E x"})}',
    'return {xpcall(function() error("a") end, function(e) return "h:" .. e end)}', 'goto x', 'return ...', 'return select("#", ...)',
    'if true then return "a" end return "b"', 'rawset(_G, "x", 1)', 'setmetatable(_G, {})', 'return getmetatable("").__index == string',
    'KEYS = 1', 'ARGV[9] = 1 return ARGV[9]', 'return rawget(_G, "nope")', 
    'getmetatable("").__tostring = function() error("x") end error("boo")', 'getmetatable("").__index = nil return 1',
    'setmetatable(getmetatable(""), {}) return 1', 'rawset(getmetatable(""), "x", 1)', 'rawset(getmetatable(_G), "x", 1)',
    'return type(getmetatable(_G))', 'table.insert(redis, 1)', 'KEYS[1] = "x" return KEYS[1]',
    'return print', 'return redis.nope', 'redis.x = 1', 'return table.concat({1, {}, 3})', 'return redis.call("get", {})',
    'return redis.call("get", nil)', 'return redis.call("get", true)', 'return redis.call("set", "s")', 'return {redis.pcall("nope")}',
    'return string.rep("x", 100000):len()', 'local t = {} t[nil] = 1', 'local t = {} t[0/0] = 1', 'return unpack({}, 1, 1e8)',
  ),
  libraries: evals(
    ...['0', '127', '128', '256', '65536', '4294967296', '-1', '-33', '-129', '-32769', '-2147483649', '2^62', '2^63', '1.5', '0.1',
      '1/0', '0/0', 'nil', 'true', 'false', '"abc"', '("x"):rep(32)', '("x"):rep(300)', '{}', '{1,2,3}', '{1,nil,3}', '{a=1}', '{[2]=1}',
      '{[1.5]=1}', 'cjson.null', 'print'].map((value) => `return cmsgpack.pack(${value})`),
    'return cmsgpack.pack()', 'return cmsgpack.unpack()', 'return cmsgpack.unpack({})', 'return cmsgpack.unpack(1)',
    'return {cmsgpack.unpack("")}', 'return cmsgpack.unpack("\\193")',
    'return cmsgpack.unpack("\\196\\3abc")', 'return cmsgpack.unpack("\\129\\192\\1")',
    'return {cmsgpack.unpack_one("\\1\\2\\3")}', 'return {cmsgpack.unpack_one("\\1\\2\\3", 3)}', 'return cmsgpack.unpack_one("\\1", 4)',
    'return cmsgpack.unpack_one("\\1", -1)', 'return cmsgpack.unpack_limit("\\1")', 'return {cmsgpack.unpack_limit("\\1\\2", 0, 1)}',
    ...['b', 'bBhHlLiI', '>bBhHlLiI', '<i3I5', '!bi', '!4bl', 'bl', '!3b', 'xxb', 'q', 'i33', 'i16', 'T', 'I', '= b', 'fd', '>fd', 'dd']
      .map((format) => `return struct.pack("${format}", -1, 255, -2, 65535, -3, 4, -5, 6)`),
    'return struct.pack("c3s", "abcdef", "xyz")', 'return struct.pack("c0", "abcdef")', 'return struct.pack("c9", "abcdef")',
    'return struct.pack("b")', 'return struct.pack("b", "x")', 'return struct.pack()', 'return struct.pack("s", nil)',
    'return struct.pack("i", 1e20)',
    'return {struct.unpack("b", "abc", 2)}', 'return struct.unpack("b", "abc", 0)', 'return struct.unpack("b", "abc", 9)',
    'return {struct.unpack("s", "abc\\0def")}', 'return struct.unpack("s", "abc")', 'return {struct.unpack("Bc0", "\\3abcdef")}',
    'return struct.unpack("c0", "abc")', 'return struct.unpack("c9", "abc")', 'return struct.unpack()', 'return struct.unpack("b")',
    'return tostring(struct.unpack("d", struct.pack("d", 0.1)))', 'return struct.size("s")', 'return struct.size("c0")',
    'return struct.size("!bixl")',
    ...['0', '1', '-1', '2^31', '2^32', '2^33 + 1', '1.5', '2.5', '-1.5', '"12"', '1e15', '-1e15', '0/0', '1/0'].flatMap((n) => [
      `return bit.tobit(${n})`, `return bit.tohex(${n})`, `return bit.bnot(${n})`, `return bit.bswap(${n})`,
      `return {bit.lshift(${n}, 3), bit.rshift(${n}, 3), bit.arshift(${n}, 3), bit.rol(${n}, 9), bit.ror(${n}, 9)}`,
    ]),
    'return bit.tobit()', 'return bit.tobit({})', 'return bit.band(1)', 'return bit.band()', 'return bit.bor(1, 2, 4, "8")',
    'return bit.bxor(5, nil)',
    'return bit.lshift(1)', 'return {bit.lshift(1, 33), bit.rshift(-1, -1), bit.rol(1, 32), bit.ror(1, 0)}', 'return bit.tohex(255, 0)',
    'return bit.tohex(255, 99)', 'return bit.tohex(255, -99)', 'return bit.tohex(255, "x")',
    'return cjson.encode()', 'return cjson.encode(1, 2)', 'return cjson.decode()', 'return cjson.decode({})', 'return cjson.decode(12)',
    'return cjson.encode_max_depth(0)', 'return cjson.encode_max_depth("x")', 'return cjson.encode_number_precision(15)',
    'return cjson.encode_sparse_array(1, 2, 3, 4)', 'return cjson.encode_sparse_array("x")', 'return cjson.encode_invalid_numbers("x")',
    'local c = cjson.new() c.encode_number_precision(3) return c.encode(math.pi) .. cjson.encode(math.pi)',
    'local c = cjson.new() c.encode_invalid_numbers(true) return c.encode({1/0, -1/0, 0/0})',
    'local c = cjson.new() c.encode_invalid_numbers("null") return c.encode({1/0, -1/0, 0/0})',
    'local c = cjson.new() c.encode_sparse_array(true) return c.encode({[20] = 1})',
    'local c = cjson.new() c.decode_invalid_numbers(false) return c.decode("0x10")', 'return cjson.encode({[1] = 1, x = 2})',
    'local c = cjson.new() c.encode_max_depth(2) return c.encode({{{}}})',
    'local c = cjson.new() c.decode_max_depth(2) return c.decode("[[[]]]")',
    'return cjson.encode({1.5, 1e100, 0.1, 123456789012345, 1/3, -0.0})', 'return cjson.encode("\\0\\31\\"\\\\/\\127\\200")',
    'return cjson.decode("\\"\\\\u00e9\\\\ud83d\\\\ude00\\"")', 'return cjson._NAME .. cjson._VERSION .. cmsgpack._NAME',
  ),
  functions: [
    ['FUNCTION', 'LOAD', `#!lua name=one
      local n = 0
      redis.register_function('count', function(keys, args) n = n + 1 return {n, keys, args} end)
      redis.register_function('globals', function()
        local t = {} for k in pairs(_G) do if k ~= 'os' then t[#t + 1] = k end end table.sort(t) return t end)
      redis.register_function('redis_names', function() local t = {} for k in pairs(redis) do t[#t + 1] = k end table.sort(t) return t end)
      redis.register_function('call', function(keys, args) return redis.call(unpack(args)) end)
      redis.register_function('pcall', function(keys, args) return redis.pcall(unpack(args)) end)
      redis.register_function('global', function() x = 1 end)
      redis.register_function('late', function() redis.register_function('z', function() end) end)
      redis.register_function('fail', function() error('failed') end)
      redis.register_function{function_name = 'reader', callback = function(keys, args) return redis.call(unpack(args)) end,
        flags = {'no-writes'}, description = 'reads'}`],
    ...['count', 'COUNT', 'globals', 'redis_names', 'global', 'late', 'fail', 'nope'].map((name) => ['FCALL', name, '1', 'k', 'a', 'b']),
    ['FCALL', 'call', '0', 'set', 's', 'v'], ['FCALL', 'call', '0', 'get', 's'], ['FCALL', 'call', '0', 'lpush', 's', 'x'],
    ['FCALL', 'pcall', '0', 'lpush', 's', 'x'], ['FCALL', 'call', '0', 'nope'], ['FCALL', 'reader', '0', 'get', 's'],
    ['FCALL', 'reader', '0', 'set', 's', 'w'], ['FCALL_RO', 'reader', '0', 'get', 's'], ['FCALL_RO', 'call', '0', 'get', 's'],
    ['FCALL', 'count', 'x'], ['FCALL', 'count', '-1'], ['FCALL', 'count', '3', 'a'], ['FUNCTION', 'DELETE', 'nope'],
    ['FUNCTION', 'DELETE', 'one'], ['FUNCTION', 'LIST'], ['FCALL', 'count', '0'],
  ],
}

async function compare(ours: ServerProcess, theirs: ServerProcess, resp: string, commands: readonly Words[]): Promise<string[]> {
  const clients = await Promise.all([ours.connect(), theirs.connect()])
  await Promise.all(clients.map((client) => client.call('HELLO', resp)))
  const unlike: string[] = []
  for (const words of commands) {
    const bytes = words.map((word) => Buffer.from(word, 'latin1'))
    const [mine, other] = await Promise.all(clients.map((client) => client.call(...bytes)))
    if (!mine!.equals(other!)) unlike.push(`${JSON.stringify(words)}\n  ${show(decode(mine!))}\n  ${show(decode(other!))}`)
  }
  for (const client of clients) client.destroy()
  return unlike
}

for (const resp of ['2', '3']) {
  for (const [name, commands] of Object.entries(scripts)) {
    test(`RESP${resp}: ${name}`, async (t) => {
      if (!requireRedis(t)) return
      const [ours, theirs] = await Promise.all([startMillrace(t), startRedis(t)])
      t.deepEqual(await compare(ours, theirs, resp, commands), [])
    })
  }
}
