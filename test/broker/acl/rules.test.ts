// The rules of users against redis-server: the same words are taken and refused, the same is printed of keys, channels
// and passwords, and the same commands are allowed. How command rules are printed changed with 7.2: in the order in
// which they came, without those that a later one took the place of.
import test from 'ava'
import { seededRandom } from '../../compat/random.ts'
import type { Random } from '../../compat/random.ts'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { decode, show } from '../../resp-value.ts'
import type { RespValue } from '../../resp-value.ts'
import { scale } from '../../scale.ts'
import { startBroker } from '../in-process.ts'

const categories = ['all', 'read', 'write', 'string', 'stream', 'keyspace', 'fast', 'slow', 'admin', 'dangerous', 'pubsub',
  'connection', 'transaction', 'blocking', 'ALL', 'nope']
const commands = ['get', 'SET', 'strlen', 'del', 'mget', 'config', 'config|get', 'client|id', 'client', 'publish', 'subscribe',
  'xadd', 'xread', 'xinfo', 'xinfo|stream', 'ping', 'multi', 'object|encoding', 'select', 'auth', 'acl|whoami', 'nope', 'config|nope']
const patterns = ['a*', '*', 'b', '', '[ab]x', 'a b', 'x\\*']
const hash = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'

function drawSelectorRule(r: Random): string {
  const kind = r.below(100)
  if (kind < 25) return r.pick(['+', '-']) + r.pick(commands)
  if (kind < 45) return `${r.pick(['+@', '-@'])}${r.pick(categories)}`
  if (kind < 52) return `+${r.pick(['select|0', 'select|1', 'get|x', 'SELECT|0', 'config|get|x', 'get|', 'nope|x', 'debug|object'])}`
  if (kind < 65) return `~${r.pick(patterns)}`
  if (kind < 78) return `%${r.pick(['R', 'W', 'RW', 'w', '', 'X', 'RR', 'wr'])}${r.pick(['~', '~', '~', ''])}${r.pick(patterns)}`
  if (kind < 88) return `&${r.pick(patterns)}`
  return r.pick(['allkeys', 'resetkeys', 'allchannels', 'RESETCHANNELS', 'allcommands', 'nocommands', 'nope', '', 'on off', '+', '-', '%'])
}

function drawRule(r: Random): string {
  if (r.chance(0.12)) return `(${Array.from({ length: r.below(4) }, () => drawSelectorRule(r)).join(' ')}${r.chance(0.9) ? ')' : ''}`
  if (r.chance(0.75)) return drawSelectorRule(r)
  return r.pick(['on', 'OFF', 'nopass', 'resetpass', '>pw', '>a', '<pw', '<a', `#${hash}`, `!${hash}`, '#abc', '!abc', 'reset',
    'clearselectors', 'sanitize-payload', 'skip-sanitize-payload', ')', '(', '>', '<'])
}

/** Without WAIT, which is among those that block from 7.4 on. */
const calls = [
  'GET a', 'GET b', 'GET z', 'SET a 1', 'SET b 1', 'SET b 1 GET', 'SET ax 1 EX 5 GET', 'STRLEN a', 'DEL a b', 'DEL a', 'MGET a ax',
  'CONFIG GET x', 'CONFIG SET x y', 'CLIENT ID', 'CLIENT LIST', 'CLIENT INFO', 'PUBLISH a m', 'PUBLISH b m', 'SUBSCRIBE a',
  'SUBSCRIBE b a', 'PSUBSCRIBE a*', 'PSUBSCRIBE *', 'PSUBSCRIBE a', 'SSUBSCRIBE a', 'UNSUBSCRIBE z', 'XADD a * f v',
  'XREAD STREAMS a b 0 0', 'XREADGROUP GROUP g c STREAMS a >', 'XINFO STREAM a', 'XINFO GROUPS b', 'PING', 'MULTI', 'EXEC',
  'OBJECT ENCODING a', 'OBJECT FREQ b', 'SELECT 0', 'SELECT 1', 'AUTH x', 'HELLO', 'ACL WHOAMI', 'ACL LIST', 'RENAME a b',
  'RENAME b z', 'COPY a b', 'EXISTS a', 'EXISTS z', 'KEYS *', 'SCAN 0', 'FLUSHALL', 'GETDEL a', 'EXPIRE b 1', 'TTL b',
  'DEBUG OBJECT a', 'DEBUG SLEEP 0', 'GET x', 'GET', 'NOPE', 'XGROUP CREATE a g 0', 'MSET a 1 b 2', 'INCR a', 'APPEND b x', 'WATCH a',
  'TIME', 'SHUTDOWN', 'GETRANGE a 0 1', 'LCS a b', 'TOUCH z', 'SETRANGE b 0 x',
]

/** The refusals' words changed with 7.2. */
function verdict(reply: Buffer): string {
  return show(decode(reply)).replace(/(?:This user|User \w+) has/, 'The user has')
}

async function verdicts(client: RespClient, user: string): Promise<string[]> {
  const replies = await client.pipeline(calls.map((call) => ['ACL', 'DRYRUN', user, ...call.split(' ')]))
  return replies.map((reply, i) => `${calls[i]}: ${verdict(reply)}`)
}

/** The user's fields, but for command rules; flags that 7.2 added by default are left out. */
async function described(client: RespClient): Promise<string> {
  const reply = decode(await client.call('ACL', 'GETUSER', 'u'))
  const strip = (value: RespValue): RespValue => {
    if (!Array.isArray(value.value)) return value
    const items: RespValue[] = []
    for (let i = 0; i < value.value.length; i++) {
      if (value.value[i]!.value === 'commands') i++
      else if (value.value[i]!.value !== 'sanitize-payload') items.push(strip(value.value[i]!))
    }
    return { ...value, value: items }
  }
  return show(strip(reply))
}

test('random rules make the same users as in redis-server', async (t) => {
  t.timeout(300_000)
  if (!requireRedis(t)) return
  const args = ['--enable-debug-command', 'yes']
  const [ours, theirs] = await Promise.all([startMillrace(t, { args }), startRedis(t, { args })])
  const [mine, other] = await Promise.all([ours.connect(), theirs.connect()])
  const users = scale.full ? 200 : 40
  for (let seed = scale.seed; seed < scale.seed + users; seed++) {
    const r = seededRandom(seed)
    await Promise.all([mine.call('ACL', 'DELUSER', 'u', 'copy'), other.call('ACL', 'DELUSER', 'u')])
    const played: string[] = []
    for (let i = 0; i < 6; i++) {
      const rules = Array.from({ length: 1 + r.below(5) }, () => drawRule(r))
      played.push(rules.join(' '))
      const [a, b] = await Promise.all([mine, other].map((client) => client.call('ACL', 'SETUSER', 'u', ...rules)))
      t.is(show(decode(a!)), show(decode(b!)), `seed ${seed}: ${played.join(' / ')}`)
    }
    t.is(await described(mine), await described(other), `seed ${seed}: ${played.join(' / ')}`)
    const [a, b] = await Promise.all([verdicts(mine, 'u'), verdicts(other, 'u')])
    if (a.join('\n') !== b.join('\n')) t.deepEqual(a, b, `seed ${seed}: ${played.join(' / ')}`)

    // What is printed makes the same user again.
    const line = decode(await mine.call('ACL', 'LIST')).value as RespValue[]
    const text = line.map((item) => String(item.value)).find((item) => item.startsWith('user u '))
    if (text === undefined) continue
    const words = text.split(' ').slice(2)
    t.is(await mine.text('ACL', 'SETUSER', 'copy', ...words), '+OK\r\n', text)
    t.deepEqual(await verdicts(mine, 'copy'), a, text)
  }
  for (const client of [mine, other]) client.destroy()
})

test('command rules are printed as they came, without those that mean nothing any more', async (t) => {
  const server = await startBroker(t)
  const client = await server.connect()
  for (const [rules, printed] of [
    ['+@string -set +get', '-@all +@string -set +get'], ['+get -get +get', '-@all +get'], ['+GET', '-@all +get'],
    ['+config|get +config|set -config', '-@all -config'], ['-config +config|get +config', '-@all +config'],
    ['+config|get -config|get', '-@all -config|get'], ['+get +@all -set', '+@all -set'], ['+@all -@all +ping', '-@all +ping'],
    ['+@read +@write -@read', '-@all +@write -@read'], ['+select|0 +select|1', '-@all +select|0 +select|1'],
    ['+select|0 +select', '-@all +select'], ['+client +client|id -client|list', '-@all +client +client|id -client|list'],
    ['allcommands', '+@all'], ['+get +getdel -get', '-@all +getdel -get'],
  ] as const) {
    await client.call('ACL', 'SETUSER', 'u', 'reset', ...rules.split(' '))
    const fields = decode(await client.call('ACL', 'GETUSER', 'u')).value as RespValue[]
    t.is(fields[5]!.value, printed, rules)
  }
  client.destroy()
})
