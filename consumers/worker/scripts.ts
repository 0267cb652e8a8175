// The scripts of a worker. Each begins with
//
//   KEYS stream, last ids by key, delayed, delayed jobs, retries, waiting, …     (`scriptKeys`)
//   ARGV group, consumer, …
//
// and is safe to be sent again: what was settled, was moved or is another's by then is left alone. What they hand out
// are deliveries: {id, {field, value, …}, how often it was delivered}, pending for this consumer.

import { script } from './script.ts'
import { append } from './add-script.ts'
import type { GroupKeys } from './keys.ts'

export function scriptKeys(keys: GroupKeys): string[] {
  return [keys.stream, keys.lasts, keys.delayed, keys.delayedJobs, keys.retries, keys.waiting]
}

const scope = `
local stream, lasts, delayed, delayedJobs, retries, waiting = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local group, consumer = ARGV[1], ARGV[2]
-- {id, consumer, idle ms, deliveries}, or nil when nobody owes it.
local function pending(id)
  return redis.call('XPENDING', stream, group, id, id, 1)[1]
end
local function isOurs(id)
  local p = pending(id)
  return p and p[2] == consumer
end
-- Delivers an entry to us once more; nil when it is settled or deleted.
local function take(id)
  local entry = redis.call('XCLAIM', stream, group, consumer, 0, id)[1]
  if not entry then return nil end
  return {entry[1], entry[2], pending(id)[4]}
end
-- True when the entry has to wait until the one before it is settled, which then hands it out.
-- It did not run yet, so this was no delivery.
local function waits(after, id)
  if not pending(after) then return false end
  redis.call('HSET', waiting, after, id)
  redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', 0, 'JUSTID')
  return true
end
`

const settling = `
-- What has waited for this entry is ours now.
local function successor(id, into)
  local following = redis.call('HGET', waiting, id)
  if not following then return end
  redis.call('HDEL', waiting, id)
  local delivery = take(following)
  if delivery then into[#into + 1] = delivery end
end
-- Names of the groups and the last ids they were delivered, in turns; nothing of that changes within a script.
local groups
local function eachGroup()
  if groups then return groups end
  groups = {}
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local of = {}
    for i = 1, #info, 2 do of[info[i]] = info[i + 1] end
    groups[#groups + 1] = {of.name, of['last-delivered-id']}
  end
  return groups
end
-- Deletes an entry that every group has settled, and its key's mark if it is the last of its key.
local function remove(id, key)
  for _, of in ipairs(eachGroup()) do
    if of[1] ~= group and #redis.call('XRANGE', stream, id, of[2], 'COUNT', 1) == 0 then return end
    if #redis.call('XPENDING', stream, of[1], id, id, 1) > 0 then return end
  end
  redis.call('XDEL', stream, id)
  if key ~= '' and redis.call('HGET', lasts, key) == id then redis.call('HDEL', lasts, key) end
end
`

/** ARGV id after which, id, … Answers which may run now: 1, or 0 for those that wait or are another's by now. */
export const turnScript = script(`${scope}
local mayRun = {}
for i = 3, #ARGV, 2 do
  mayRun[#mayRun + 1] = isOurs(ARGV[i + 1]) and not waits(ARGV[i], ARGV[i + 1]) and 1 or 0
end
return mayRun
`)

/** ARGV '1' to delete them, id, key or '', … Acknowledges; answers {deliveries of what waited}. */
export const settleScript = script(`${scope}${settling}
local following = {}
for i = 4, #ARGV, 2 do
  if redis.call('XACK', stream, group, ARGV[i]) == 1 then successor(ARGV[i], following) end
  if ARGV[3] == '1' then remove(ARGV[i], ARGV[i + 1]) end
end
return following
`)

/**
 * KEYS … mark that the effects of this idempotency key were applied
 * ARGV '1' to delete it, id, key, ms that the mark stays or 0, then for each command the number of its words, and they.
 * Acknowledges, and if it was pending, and not done under its idempotency key before, runs the commands.
 * Answers {0: it was not pending, 1: done, 2: had been done before; the commands' replies; deliveries of what waited}.
 */
export const completeScript = script(`${scope}${settling}
local id, key, markMs = ARGV[4], ARGV[5], ARGV[6]
if redis.call('XACK', stream, group, id) == 0 then return {0, {}, {}} end
local following, replies, state = {}, {}, 1
if markMs ~= '0' and not redis.call('SET', KEYS[7], id, 'NX', 'PX', markMs) then
  state = 2
else
  local at = 7
  while at <= #ARGV do
    local words = tonumber(ARGV[at])
    replies[#replies + 1] = redis.pcall(unpack(ARGV, at + 1, at + words))
    at = at + words + 1
  end
end
successor(id, following)
if ARGV[3] == '1' then remove(id, key) end
return {state, replies, following}
`)

/** ARGV id, delay ms, … Schedules failed jobs that are still ours; answers 1 or 0 for each. */
export const retryScript = script(`${scope}${append}
local scheduled, now = {}, nowMs()
for i = 3, #ARGV, 2 do
  local ours = isOurs(ARGV[i])
  if ours then redis.call('ZADD', retries, string.format('%.0f', now + ARGV[i + 1]), ARGV[i]) end
  scheduled[#scheduled + 1] = ours and 1 or 0
end
return scheduled
`)

/**
 * KEYS … dead-letter stream
 * ARGV '1' to delete it, id, key, longest length of the dead-letter stream or 0, field, value, …
 * Answers {id of the dead letter, or '' when the job was not ours to give up; deliveries of what waited}.
 */
export const buryScript = script(`${scope}${settling}
local id, key = ARGV[4], ARGV[5]
if not isOurs(id) then return {'', {}} end
local following, letter = {}, {KEYS[7]}
if ARGV[6] ~= '0' then letter = {KEYS[7], 'MAXLEN', '~', ARGV[6]} end
letter[#letter + 1] = '*'
for i = 7, #ARGV do letter[#letter + 1] = ARGV[i] end
redis.call('XACK', stream, group, id)
local dead = redis.call('XADD', unpack(letter))
successor(id, following)
if ARGV[3] == '1' then remove(id, key) end
return {dead, following}
`)

/** ARGV id, … Renews the leases of what is still ours; answers the ids that are not. */
export const renewScript = script(`${scope}
local lost = {}
for i = 3, #ARGV do
  if isOurs(ARGV[i]) then
    redis.call('XCLAIM', stream, group, consumer, 0, ARGV[i], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
`)

/** ARGV idle ms, id, deliveries so far, … Gives back what is ours: others may take it at once. */
export const releaseScript = script(`${scope}
for i = 4, #ARGV, 2 do
  if isOurs(ARGV[i]) then
    redis.call('XCLAIM', stream, group, consumer, 0, ARGV[i], 'IDLE', ARGV[3], 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
  end
end
return 0
`)

/**
 * ARGV most deliveries, most delayed jobs
 * Moves delayed jobs that are due to the stream and takes retries that are due.
 * Answers {ms until the next of either is due, or -1; deliveries}.
 */
export const dueScript = script(`${scope}${append}
local now = nowMs()
for _, token in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, ARGV[4])) do
  local job = redis.call('HGET', delayedJobs, token)
  if job then
    job = cmsgpack.unpack(job)
    append(job[1], job[2])
    redis.call('HDEL', delayedJobs, token)
  end
  redis.call('ZREM', delayed, token)
end
local deliveries = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', retries, '-inf', now, 'LIMIT', 0, ARGV[3])) do
  redis.call('ZREM', retries, id)
  local delivery = take(id)
  if delivery then deliveries[#deliveries + 1] = delivery end
end
local wait = -1
for _, schedule in ipairs({delayed, retries}) do
  local first = redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')[2]
  if first then
    local ms = math.max(0, first - now)
    if wait < 0 or ms < wait then wait = ms end
  end
end
return {wait, deliveries}
`)

/**
 * ARGV lease ms, cursor, most entries to look at
 * Takes what nobody renewed for a lease's time, but not what waits for its next attempt or for its key.
 * Answers {next cursor, deliveries}.
 */
export const reclaimScript = script(`${scope}
local claimed = redis.call('XAUTOCLAIM', stream, group, consumer, ARGV[3], ARGV[4], 'COUNT', ARGV[5], 'JUSTID')
local deliveries = {}
for _, id in ipairs(claimed[2]) do
  if not redis.call('ZSCORE', retries, id) then
    local entry = redis.call('XRANGE', stream, id, id)[1]
    local after
    if entry then
      for i = 1, #entry[2], 2 do
        if entry[2][i] == 'after' then after = entry[2][i + 1] end
      end
    end
    if not after or not waits(after, id) then
      local delivery = take(id)
      if delivery then deliveries[#deliveries + 1] = delivery end
    end
  end
end
return {claimed[1], deliveries}
`)

/** Removes our consumer if it owes nothing. */
export const leaveScript = script(`${scope}
if #redis.call('XPENDING', stream, group, '-', '+', 1, consumer) > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer)
return 1
`)

/**
 * KEYS … lock
 * ARGV ms the lock stays, idle ms, cursor
 * Removes consumers that owe nothing and were not seen for long, and the order marks of a scan's slice of keys whose
 * last entry is no longer in the stream. Answers the scan's next cursor, or '' when another worker is at it.
 */
export const sweepScript = script(`${scope}
if ARGV[5] == '0' and not redis.call('SET', KEYS[7], consumer, 'NX', 'PX', ARGV[3]) then return '' end
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local of = {}
  for i = 1, #info, 2 do of[info[i]] = info[i + 1] end
  if of.pending == 0 and of.idle > tonumber(ARGV[4]) and of.name ~= consumer then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, of.name)
  end
end
local slice = redis.call('HSCAN', lasts, ARGV[5], 'COUNT', 200)
for i = 1, #slice[2], 2 do
  local id = slice[2][i + 1]
  if #redis.call('XRANGE', stream, id, id) == 0 then redis.call('HDEL', lasts, slice[2][i]) end
end
return slice[1]
`)
