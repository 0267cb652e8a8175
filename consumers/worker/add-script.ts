// The script that adds jobs which need more than an XADD: in order of their key, once per idempotency key, or later.

import { script } from './script.ts'

/**
 * Appends an entry. One with a key says in its field `after` which entry of that key came before it: a group runs it
 * when that one is settled. Expects `stream` and `lasts` in scope.
 */
export const append = `
local function append(key, fields)
  if key == '' then return redis.call('XADD', stream, '*', unpack(fields)) end
  local last = redis.call('HGET', lasts, key)
  if last then
    fields[#fields + 1] = 'after'
    fields[#fields + 1] = last
  end
  local id = redis.call('XADD', stream, '*', unpack(fields))
  redis.call('HSET', lasts, key, id)
  return id
end
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`

/**
 * Adds jobs in their order.
 * KEYS stream, last ids by key, delayed, delayed jobs, for each job the mark of its idempotency key
 * ARGV for each job: key or '', ms that the mark stays or 0, delay ms or '', due at unix ms or '', token,
 * number of the fields and values, and they.
 * Answers for each the entry's id, or the token of a delayed job; for a known idempotency key what was answered then.
 */
export const addScript = script(`
local stream, lasts, delayed, delayedJobs = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
${append}
local ids, at, now = {}, 1, nowMs()
for job = 5, #KEYS do
  local key, markMs, delay, due, id = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local size = tonumber(ARGV[at + 5])
  local before = markMs ~= '0' and redis.call('GET', KEYS[job])
  if before then
    id = before
  else
    local fields = {unpack(ARGV, at + 6, at + 5 + size)}
    if delay == '' and due == '' then
      id = append(key, fields)
    else
      if due == '' then due = string.format('%.0f', now + delay) end
      redis.call('ZADD', delayed, due, id)
      redis.call('HSET', delayedJobs, id, cmsgpack.pack({key, fields}))
    end
    if markMs ~= '0' then redis.call('SET', KEYS[job], id, 'PX', markMs) end
  end
  ids[#ids + 1] = id
  at = at + 6 + size
end
return ids
`)

/** KEYS delayed, delayed jobs. ARGV token. 1: a delayed job was taken back; 0: there is none of that token. */
export const cancelScript = script(`
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
`)
