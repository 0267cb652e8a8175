// Scripts and functions. What they call is drawn from the other families, so that every reply passes through Lua: as it
// is, described by type, raised or caught; and their errors, libraries of Lua and libraries of functions.
import { createHash } from 'node:crypto'
import {
  anyOf, command, drawCommand, either, maybe, none, seq, times, word, type CommandShape, type Shape,
} from '../grammar.ts'
import { nameOf } from '../containers.ts'
import { intendedDifferences } from '../intended-differences.ts'
import { anyKey, int, value } from '../pool.ts'
import { bitmapCommands } from './bitmap.ts'
import { genericCommands } from './generic.ts'
import { hashCommands } from './hash.ts'
import { hyperloglogCommands } from './hyperloglog.ts'
import { listCommands } from './list.ts'
import { setCommands } from './set.ts'
import { streamCommands } from './stream.ts'
import { stringCommands } from './string.ts'
import { zsetCommands } from './zset.ts'

/** What differs by clock, chance or intent outside of scripts would differ within them, unseen by the rules. */
const apart = new Set([
  'TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME', 'KEYS', 'SCAN', 'RANDOMKEY', 'XINFO', 'XPENDING', 'XAUTOCLAIM', 'XCLAIM',
  'XREAD', 'XREADGROUP', 'OBJECT', 'HSCAN', 'ZSCAN', 'SSCAN', 'HRANDFIELD', 'ZRANDMEMBER', 'SPOP', 'SRANDMEMBER',
  'HGETALL', 'HKEYS', 'HVALS', 'SMEMBERS', 'SINTER', 'SUNION', 'SDIFF', 'MEMORY', 'XGROUP', 'XADD', 'LCS', 'ZMPOP',
  'BZPOPMIN', 'BZPOPMAX', 'BZMPOP', 'INCRBYFLOAT', 'HINCRBYFLOAT', 'ZINCRBY', 'ZSCORE', 'ZMSCORE', 'ZADD', 'ZRANGE',
  'ZREVRANGE', 'ZRANGEBYSCORE', 'ZREVRANGEBYSCORE', 'ZUNION', 'ZINTER', 'ZDIFF', 'ZPOPMIN', 'ZPOPMAX', 'PFDEBUG',
  'GETEX', 'COPY', 'SORT', 'SORT_RO', 'BLPOP', 'BRPOP', 'BLMOVE', 'BRPOPLPUSH', 'BLMPOP',
  ...intendedDifferences.map((difference) => difference.command),
])
const callable: readonly CommandShape[] = [
  ...stringCommands, ...genericCommands, ...hashCommands, ...zsetCommands, ...streamCommands, ...bitmapCommands,
  ...hyperloglogCommands, ...listCommands, ...setCommands,
].filter((row) => !apart.has(row.name.toUpperCase()) && !row.fragile)

/** The words of a command of another family, behind how many they are. */
const counted: Shape = (r) => {
  const row = drawCommand(r, callable)
  const words = [row.name, ...row.args(r)]
  return apart.has(nameOf(words)) ? ['1', 'PING'] : [String(words.length), ...words]
}

/** Runs the counted commands in ARGV one after the other; `perform` is what is done with each. */
const each = (perform: string): string => `
local out, at = {}, 1
local function show(v)
  if type(v) ~= 'table' then return type(v) .. ':' .. tostring(v) end
  local names = {}
  for k in pairs(v) do names[#names + 1] = k end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  local parts = {}
  for i, k in ipairs(names) do parts[i] = tostring(k) .. '=' .. show(v[k]) end
  return '{' .. table.concat(parts, ',') .. '}'
end
while ARGV[at] do
  local n = tonumber(ARGV[at])
  local words = {unpack(ARGV, at + 1, at + n)}
  ${perform}
  at = at + n + 1
end
return out`

const bodies = [
  each('out[#out + 1] = redis.call(unpack(words))'),
  each('out[#out + 1] = redis.pcall(unpack(words))'),
  each('out[#out + 1] = show(redis.pcall(unpack(words)))'),
  each('redis.setresp(3) out[#out + 1] = show(redis.pcall(unpack(words)))'),
  each('redis.setresp(3) out[#out + 1] = redis.pcall(unpack(words))'),
  each('local ok, r = pcall(redis.call, unpack(words)) out[#out + 1] = tostring(ok) .. show(r)'),
  each('redis.call("select", at % 3) out[#out + 1] = redis.pcall(unpack(words))'),
  each('out[#out + 1] = cjson.encode(redis.pcall(unpack(words)) or {})'),
  each('out[#out + 1] = show({cmsgpack.unpack(cmsgpack.pack(redis.pcall(unpack(words))))})'),
  each('if at > 6 then error("enough") end redis.pcall(unpack(words))'),
  each('if at > 6 then error({err = "ENOUGH of it"}) end redis.pcall(unpack(words))'),
  `#!lua flags=no-writes${each('out[#out + 1] = redis.pcall(unpack(words))')}`,
  `#!lua${each('out[#out + 1] = redis.pcall(unpack(words))')}`,
] as const

/** Small scripts: conversions, libraries, errors. */
export const snippets = [
  'return 1', 'return 3.99', 'return -3.99', 'return "text"', 'return {1, 2, {3, "four"}}', 'return {1, nil, 3}',
  'return true', 'return false', 'return nil', 'return {ok = "FINE"}', 'return {err = "BAD thing"}', 'return {err = "x"}',
  'return redis.error_reply("bad")', 'return redis.error_reply("-CODE bad")', 'return redis.status_reply("fine")',
  'return {map = {a = 1}}', 'return {set = {a = true}}', 'return {big_number = "12"}', 'return {double = "x"}',
  'return {verbatim_string = {format = "txt", string = "abc"}}', 'redis.setresp(3) return {true, false}',
  'return KEYS', 'return ARGV', 'return {#KEYS, #ARGV}', 'return redis.sha1hex(ARGV[1] or "")', 'return tostring(KEYS)  == "x"',
  'return {type(cjson.null), tostring(cjson.null)}', 'return cjson.encode({1, 2.5, "x", {a = cjson.null}})',
  'return cjson.encode({[5] = 1})', 'return cjson.encode({[50] = 1})', 'return cjson.encode({[1.5] = 1})',
  'return cjson.encode(1/0)', 'return cjson.encode(print)', 'return cjson.decode("[1,{\\"a\\":[]}]")[1]',
  'return cjson.decode("{]")', 'return cjson.decode(ARGV[1] or "1")', 'return cmsgpack.pack({1, -1, 1.5, "x", true})',
  'return cmsgpack.pack({a = 1})', 'return {cmsgpack.unpack("\\1\\2\\163abc")}', 'return cmsgpack.unpack("\\217")',
  'return {cmsgpack.unpack_one("\\1\\2\\3", 1)}', 'return {cmsgpack.unpack_limit("\\1\\2\\3", 2)}',
  'return struct.pack(">I2i4bs", 513, -2, 7, "zero")', 'return {struct.unpack(">I2i4bs", "\\1\\2\\255\\255\\255\\254\\7zero\\0")}',
  'return struct.pack("!8bd", 1, 2.5)', 'return struct.unpack("I4", "abc")', 'return struct.size("!i3bxl")',
  'return struct.pack("q", 1)', 'return {bit.tobit(2^32 + 5), bit.bnot(1), bit.rol(0x12345678, 8), bit.bswap(1)}',
  'return {bit.tohex(255), bit.tohex(-1, 4), bit.tohex(255, -4)}', 'return bit.band("7", 3.5, 255)', 'return bit.band({})',
  'return redis.call("ECHO", 1e17 / 1e3)', 'return redis.call("ECHO", 0.5)', 'return redis.call("ECHO", -2^53)',
  'return redis.call("ECHO", 1/0)', 'return redis.call()', 'return redis.call({})', 'return redis.call("nope")',
  'return redis.call("get")', 'return redis.pcall("eval", "return 1", "0")', 'return redis.call("multi")',
  'return redis.pcall("xgroup", "nope")', 'error("boom")', 'error("boom", 0)', 'error()', 'local x = nil return x.y',
  'return x', 'x = 1', 'string.x = 1', 'redis.call = 1', 'return #redis.REDIS_VERSION > 0', 'local x = 5 +',
  'return {redis.LOG_WARNING, redis.REPL_ALL}',
  'return redis.setresp(4)', 'return redis.set_repl(9)', 'return redis.log(9, "x")', 'return redis.log(1)',
  'return redis.acl_check_cmd("get", "x")', 'return redis.acl_check_cmd("nope")', 'return redis.replicate_commands()',
  'return redis.sha1hex()', 'return {redis.set_repl(redis.REPL_ALL)}', '#!lua flags=x\nreturn 1', '#!js\nreturn 1',
  '#!lua', '#!lua name=x\nreturn 1', '#!lua flags=allow-oom,no-writes\nreturn redis.call("set", "s1", "x")',
  'local t = {} for i = 1, 20 do t[i] = i * i end return t', 'return {string.format("%5.2f|%s|%q", 1.005, "x", "a\\nb")}',
  'local ok, e = pcall(error, {err = "X y"}) return {type(e), e}', 'local ok, e = pcall(redis.call, "nope") return {type(e), e}',
  'return redis.pcall("nope").err', 'return {pcall(function() return 1, 2, 3 end)}', 'return select("#", redis.call("ping"))',
] as const

const keysAndArgs: Shape = either(
  word('0'), word('0', '{"a":[1,2]}', 'x'), word('2', 's1', 'n1', 'v'), seq(word('1'), anyKey, value),
  seq(int, anyKey, value), word('3', 'a'), word('x'),
)
const batch: Shape = seq(word('0'), times(1, 4, counted))
const sha = (source: string): string => createHash('sha1').update(source, 'latin1').digest('hex')

const shas: Shape = (r) => [r.pick([sha(r.pick(snippets)), sha(r.pick(snippets)).toUpperCase(), 'f'.repeat(40), 'x'])]

const library = (name: string, fn: string, body: string): string =>
  `#!lua name=${name}\nredis.register_function('${fn}', function(keys, args) ${body} end)`
const libraries = [
  library('one', 'f1', 'return {keys, args}'), library('one', 'f2', 'return redis.pcall("get", keys[1])'),
  library('two', 'f2', 'return redis.call("set", "s1", args[1])'), library('three', 'f3', 'return KEYS'),
  library('bad name', 'f4', 'return 1'), library('four', 'f-4', 'return 1'), library('five', 'f5', 'x = 1'),
  '#!lua name=six\nredis.register_function{function_name="f6", '
    + 'callback=function(k, a) return #a end, flags={"no-writes"}, description="d"}',
  '#!lua name=six\nredis.register_function{function_name="f6", '
    + 'callback=function(k, a) return redis.call("del", "s1") end, flags={"no-writes"}}',
  '#!lua name=seven\nredis.register_function{function_name="f7"}', '#!lua name=eight\nreturn 1', '#!lua name=nine\nredis.call("get", "x")',
  '#!lua name=ten\nlocal n = 0\nredis.register_function("f10", function() n = n + 1 return n end)', '#!lua name=x\nlocal x = 5 +',
  '#!lua x=1\nreturn 1', '#!nope name=a\nx', 'plain', '#!lua name=a',
] as const
const functionName: Shape = (r) => [r.pick(['f1', 'f2', 'F2', 'f3', 'f5', 'f6', 'f10', 'nope'])]
const libraryName: Shape = (r) => [r.pick(['one', 'two', 'three', 'five', 'six', 'ten', 'nope'])]

export const scriptingCommands: readonly CommandShape[] = [
  command('EVAL', 30, seq(anyOf(...bodies), batch), 'fragile'),
  command('EVAL_RO', 6, seq(anyOf(...bodies), batch), 'fragile'),
  command('EVAL', 30, seq(anyOf(...snippets), keysAndArgs), 'fragile'),
  command('EVALSHA', 8, seq(shas, keysAndArgs), 'fragile'),
  command('EVALSHA_RO', 3, seq(shas, keysAndArgs), 'fragile'),
  command('SCRIPT', 6, either(
    seq(word('LOAD'), anyOf(...snippets)), seq(word('EXISTS'), times(1, 3, shas)), word('FLUSH'), word('FLUSH', 'ASYNC'),
    word('FLUSH', 'x'), word('FLUSH', 'SYNC', 'x'), word('KILL'), word('NOPE'), word('HELP'), word('LOAD'), word('EXISTS'),
  ), 'fragile'),
  command('FUNCTION', 14, either(
    seq(word('LOAD'), maybe(0.6, anyOf('REPLACE', 'replace')), anyOf(...libraries)),
    seq(word('LOAD'), maybe(0.6, anyOf('REPLACE', 'replace')), anyOf(...libraries)),
    seq(word('DELETE'), libraryName), word('FLUSH'), word('FLUSH', 'SYNC'), word('FLUSH', 'x'), word('KILL'), word('STATS'),
    seq(word('LIST', 'LIBRARYNAME'), libraryName, maybe(0.5, word('WITHCODE'))), word('LIST', 'x'),
    word('LIST'), word('LIST', 'WITHCODE'), word('LIST', 'LIBRARYNAME'),
    word('RESTORE', 'x'), word('RESTORE', 'x', 'y'), word('RESTORE', 'x', 'APPEND', 'y'), word('LOAD', 'x', 'y'), word('HELP'),
    word('NOPE'),
  ), 'fragile'),
  command('FCALL', 14, seq(functionName, keysAndArgs), 'fragile'),
  command('FCALL_RO', 4, seq(functionName, keysAndArgs), 'fragile'),
  command('FUNCTION', 0, none),
]
