// Users at work: logins, refusals, what happens to clients whose user changes, ACL LOG, and the files of users.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { createConfig } from '../../../broker/config/config.ts'
import { createBroker } from '../../../broker/broker.ts'
import { seededRandom } from '../../compat/random.ts'
import type { Random } from '../../compat/random.ts'
import { requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import { decode } from '../../resp-value.ts'
import type { RespValue } from '../../resp-value.ts'
import { scale } from '../../scale.ts'
import { until } from '../../until.ts'
import { openDuet } from '../duet.ts'
import { startBroker } from '../in-process.ts'

const rules = ['on', 'off', 'nopass', '>pw', 'resetpass', '+@all', '-@all', '+@read', '-@read', '+@write', '+get', '-get', '+multi',
  '+exec', '-exec', '+ping', '+hello', '+@connection', '+@pubsub', '~a*', '~b', '%R~c', '%W~c', 'allkeys', 'resetkeys', '&a*',
  'allchannels', 'resetchannels', '(+set ~z)', '(+@all ~a &b)', 'clearselectors', '-subscribe', '+select|1']

function drawAdmin(r: Random): string[] {
  const user = r.pick(['u', 'u', 'v'])
  return r.pick([
    ['ACL', 'SETUSER', user, ...Array.from({ length: 1 + r.below(3) }, () => r.pick(rules))],
    ['ACL', 'SETUSER', user, ...Array.from({ length: 1 + r.below(3) }, () => r.pick(rules))], ['ACL', 'LOG', r.pick(['2', '100'])],
    ['ACL', 'USERS'], ['ACL', 'DELUSER', user], ['ACL', 'LOG'], ['ACL', 'WHOAMI'], ['ACL', 'LOG', 'RESET'],
  ])
}

const key = (r: Random): string => r.pick(['a', 'ab', 'b', 'c', 'z'])

function drawUser(r: Random): string[] {
  return r.pick([
    ['AUTH', r.pick(['u', 'v', 'nobody']), r.pick(['pw', 'x'])], ['AUTH', 'u', 'pw'], ['GET', key(r)], ['SET', key(r), '1'],
    ['MGET', key(r), key(r)], ['PUBLISH', key(r), 'm'], ['PING'], ['DEL', key(r), key(r)], ['XADD', 'ax', '1-1', 'f', 'v'],
    ['SELECT', r.pick(['0', '1'])], ['NOPE'], ['GET'], ['STRLEN', key(r)], ['RENAME', key(r), key(r)],
    ['CONFIG', 'GET', 'databases'], ['CONFIG', 'NOPE'], ['ACL', 'WHOAMI'],
    ['EXISTS', key(r)], ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', key(r), '>'], ['HELLO', '3', 'AUTH', 'v', 'x'],
    ['SET', key(r), '1', 'GET'],
  ])
}

/** A step of the restricted clients: single commands, or a transaction. */
function drawStep(r: Random): string[][] {
  const commands = Array.from({ length: 1 + r.below(3) }, () => drawUser(r))
  return r.chance(0.2) ? [['MULTI'], ...commands, ['EXEC'], ['DISCARD']] : commands
}

const entryFields = 5

/** NOPERM in either's words; of ACL LOG what 7.0 has, without times and clients. */
function settle(heard: RespValue[]): RespValue[] {
  return heard.map((value): RespValue => {
    if (Array.isArray(value.value)) {
      const items = value.value
      if (items[0]?.value === 'count') return { type: '*', value: items.slice(0, entryFields * 2) }
      if (items[0]?.value === 'server') return { type: '*', value: [] }
      return { ...value, value: settle(items) }
    }
    const text = String(value.value)
    if (!text.includes('NOPERM')) return value
    const either = text.replace(/User \w+ has|this user has/, 'has').replace(/s? used as arguments/, '')
    return { type: '-', value: either.replace(/NOPERM (?:has no permissions to access one of the|No permissions to access a)/, 'No') }
  })
}

test('random sessions of restricted users: the same is refused, noted and counted as in redis-server', async (t) => {
  t.timeout(300_000)
  if (!requireRedis(t)) return
  const [ours, theirs] = await Promise.all([startMillrace(t), startRedis(t)])
  const sessions = scale.full ? 60 : 12
  for (let seed = scale.seed; seed < scale.seed + sessions; seed++) {
    const r = seededRandom(seed)
    const duet = await openDuet(ours, theirs, [2, 2, 3])
    await duet.play({ conn: 0, commands: [
      ['FLUSHALL'], ['ACL', 'LOG', 'RESET'], ['ACL', 'DELUSER', 'u', 'v'], ['ACL', 'SETUSER', 'u', 'on', '>pw', '+@all', '~*', '&*'],
      ['ACL', 'SETUSER', 'v', 'on', 'nopass', '+ping', '+get', '+multi', '+exec', '~a'],
    ] })
    const played: string[] = []
    for (let i = 0; i < 60; i++) {
      const conn = r.pick([0, 1, 1, 2])
      // Deleting users closes their clients: that has a test of its own.
      const commands = conn === 0 ? [drawAdmin(r)].filter((words) => words[1] !== 'DELUSER') : drawStep(r)
      // The mark that ends a step is a PING, which the user must be allowed to send.
      const pings = [['ACL', 'SETUSER', 'u', '+ping'], ['ACL', 'SETUSER', 'v', '+ping']]
      const step = { conn, commands: conn === 0 ? [...commands, ...pings] : commands }
      played.push(`${conn}> ${commands.map((words) => words.join(' ')).join(' ; ')}`)
      const heard = await duet.play(step, settle)
      if (heard.ours.join('\n') === heard.theirs.join('\n')) continue
      t.deepEqual(heard.ours, heard.theirs, `seed ${seed}:\n${played.join('\n')}`)
      break
    }
    duet.close()
  }
  t.pass()
})

test('refusals in the words of 7.4, and at EXEC what was allowed when it was queued', async (t) => {
  const server = await startBroker(t)
  const [admin, client] = await Promise.all([server.connect(), server.connect()])
  await admin.call('ACL', 'SETUSER', 'u', 'on', '>pw', '~a', '&c', '+get', '+set', '+multi', '+exec', '+subscribe', '+config|get')
  t.is(await client.text('AUTH', 'u', 'no'), '-WRONGPASS invalid username-password pair or user is disabled.\r\n')
  t.is(await client.text('AUTH', 'u', 'pw'), '+OK\r\n')
  t.is(await client.text('STRLEN', 'a'), "-NOPERM User u has no permissions to run the 'strlen' command\r\n")
  t.is(await client.text('CONFIG', 'SET', 'a', 'b'), "-NOPERM User u has no permissions to run the 'config|set' command\r\n")
  t.is(await client.text('GET', 'b'), '-NOPERM No permissions to access a key\r\n')
  t.is(await client.text('SUBSCRIBE', 'd'), '-NOPERM No permissions to access a channel\r\n')
  await client.pipeline([['MULTI'], ['SET', 'a', '1'], ['GET', 'a']])
  await admin.call('ACL', 'SETUSER', 'u', '-get')
  t.is(await client.text('EXEC'), '*2\r\n+OK\r\n-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC '
    + 'call. This command is no longer allowed for the following reason: no permission to execute the command or subcommand\r\n')
  await client.call('MULTI')
  await client.call('STRLEN', 'a')
  t.is(await client.text('EXEC'), '-EXECABORT Transaction discarded because of previous errors.\r\n')
  const info = await admin.text('INFO', 'stats')
  t.regex(info, /acl_access_denied_auth:1\r\nacl_access_denied_cmd:4\r\nacl_access_denied_key:1\r\nacl_access_denied_channel:1\r\n/)
  const entries = decode(await admin.call('ACL', 'LOG')).value as RespValue[]
  const fields = (entries[0]!.value as RespValue[]).filter((_, i) => i % 2 === 0).map((item) => item.value)
  t.deepEqual(fields, ['count', 'reason', 'context', 'object', 'username', 'age-seconds', 'client-info', 'entry-id', 'timestamp-created',
    'timestamp-last-updated'])
  for (const one of [admin, client]) one.destroy()
})

test('clients of a user that is deleted, or that listen to what they no longer may, are closed', async (t) => {
  const server = await startBroker(t)
  const admin = await server.connect()
  await admin.call('ACL', 'SETUSER', 'u', 'on', 'nopass', '+@all', '~*', '&a*')
  const [gone, deaf, pattern, stays] = await Promise.all(Array.from({ length: 4 }, async () => {
    const client = await server.connect()
    await client.call('AUTH', 'u', 'x')
    return client
  }))
  await deaf!.call('SUBSCRIBE', 'a1')
  await pattern!.call('PSUBSCRIBE', 'a*')
  await stays!.call('SUBSCRIBE', 'b1')
  t.is(await admin.text('ACL', 'SETUSER', 'u', '&b*'), '+OK\r\n')
  t.is(await pattern!.text('PING'), '*2\r\n$4\r\npong\r\n$0\r\n\r\n', 'what it listens to is allowed still')
  t.is(await admin.text('ACL', 'SETUSER', 'u', 'resetchannels', '&b*'), '+OK\r\n')
  await Promise.all([deaf!.closed, pattern!.closed])
  t.is(await gone!.text('PING'), '+PONG\r\n')
  t.is(await gone!.text('ACL', 'DELUSER', 'u'), ':1\r\n', 'who deletes itself hears of it')
  await Promise.all([gone!.closed, stays!.closed])
  t.is(await admin.text('ACL', 'DELUSER', 'u'), ':0\r\n')
  admin.destroy()
})

test('a client that waits for a stream is refused when its user may not read it any more', async (t) => {
  const server = await startBroker(t)
  const [admin, client] = await Promise.all([server.connect(), server.connect()])
  await admin.pipeline([['XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM'], ['ACL', 'SETUSER', 'u', 'on', 'nopass', '+@all', '~s']])
  await client.call('AUTH', 'u', 'x')
  client.sendRaw('XREADGROUP GROUP g c BLOCK 0 STREAMS s >\r\n')
  await until('it waits', async () => (await admin.text('INFO', 'clients')).includes('blocked_clients:1'))
  await admin.pipeline([['ACL', 'SETUSER', 'u', 'resetkeys'], ['XADD', 's', '1-1', 'f', 'v']])
  t.is(String((await client.take(1))[0]), '-NOPERM No permissions to access a key\r\n')
  t.regex(await admin.text('XPENDING', 's', 'g'), /^\*4\r\n:0\r\n/)
  for (const one of [admin, client]) one.destroy()
})

test('requirepass is the default user\'s password; who came before stays, who comes must log in', async (t) => {
  const server = await startBroker(t)
  const [early, admin] = await Promise.all([server.connect(), server.connect()])
  t.is(await early.text('AUTH', 'x').then((text) => text.slice(0, 44)), '-ERR AUTH <password> called without any pass')
  await admin.call('CONFIG', 'SET', 'requirepass', 'pw')
  t.is(await early.text('PING'), '+PONG\r\n')
  const late = await server.connect()
  t.is(await late.text('PING'), '-NOAUTH Authentication required.\r\n')
  t.is(await late.text('AUTH', 'no'), '-WRONGPASS invalid username-password pair or user is disabled.\r\n')
  await admin.call('CONFIG', 'SET', 'requirepass', '')
  t.is(await late.text('PING'), '+PONG\r\n')
  await admin.call('ACL', 'SETUSER', 'default', '>other')
  const last = await server.connect()
  t.is(await last.text('PING'), '-NOAUTH Authentication required.\r\n')
  t.is(await last.text('HELLO', '3', 'AUTH', 'default', 'other').then((text) => text.slice(0, 2)), '%7')
  for (const one of [early, admin, late, last]) one.destroy()
})

function fileOf(t: ExecutionContext, text: string): string {
  const file = path.join(temporaryDirectory(t), 'users.acl')
  writeFileSync(file, text)
  return file
}

test('a file of users: read at the start, written by SAVE, read anew by LOAD, all or nothing', async (t) => {
  const file = fileOf(t, 'user u on >pw ~a +@read\n\nuser default on nopass ~* &* +@all\n')
  const server = await startBroker(t, { args: ['--aclfile', file] })
  const [admin, client, other] = await Promise.all([server.connect(), server.connect(), server.connect()])
  t.is(await client.text('AUTH', 'u', 'pw'), '+OK\r\n')
  await admin.call('ACL', 'SETUSER', 'v', 'on', 'nopass', '+@all', '~*')
  await other.call('AUTH', 'v', 'x')
  t.is(await admin.text('ACL', 'SAVE'), '+OK\r\n')
  t.is(readFileSync(file, 'utf8'), 'user default on nopass sanitize-payload ~* &* +@all\nuser u on sanitize-payload '
    + '#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~a resetchannels -@all +@read\n'
    + 'user v on nopass sanitize-payload ~* resetchannels +@all\n')
  writeFileSync(file, 'user u on >pw ~b +@read +nope #secret !other -none\nuser u off\nusr x\nuser y (+get\nuser a\tb on\n')
  t.is(await admin.text('ACL', 'LOAD'), `-ERR ${[
    `${file}:1: Error in applying operation '+nope': Unknown command or category name in ACL. `,
    `${file}:1: The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters. `,
    `${file}:1: Error in applying operation '-none': Unknown command or category name in ACL. `,
    "WARNING: Duplicate user 'u' found on line 2. ", `${file}:3 should start with user keyword followed by the username. `,
    `${file}:4: Unmatched parenthesis in selector definition.`, `'${file}:5: username 'a\tb' contains invalid characters. `,
    'WARNING: ACL errors detected, no change to the previously active ACL rules was performed\r\n',
  ].join('')}`, 'passwords are not repeated')
  t.is(await client.text('GET', 'a'), '$-1\r\n', 'nothing changed')
  writeFileSync(file, 'user u on >pw ~b +@read\n')
  t.is(await admin.text('ACL', 'LOAD'), '+OK\r\n')
  await other.closed
  t.is(await client.text('GET', 'a'), '-NOPERM No permissions to access a key\r\n')
  t.is(await client.text('GET', 'b'), '$-1\r\n')
  for (const one of [admin, client]) one.destroy()
})

test('users in the configuration file, kept by CONFIG REWRITE', async (t) => {
  const file = fileOf(t, 'port 0\nuser u on nopass ~a* +get\n# a comment\nuser default on nopass ~* &* +@all\n')
  const server = await startMillrace(t, { fileArgument: file })
  const admin = await server.connect()
  t.is(await admin.text('ACL', 'SAVE').then((text) => text.slice(0, 30)), '-ERR This Redis instance is no')
  await admin.call('ACL', 'SETUSER', 'w', 'on', '+@all', '-@write')
  t.is(await admin.text('CONFIG', 'REWRITE'), '+OK\r\n')
  const users = readFileSync(file, 'utf8').split('\n').filter((line) => line.startsWith('user '))
  t.deepEqual(users, ['user default on nopass sanitize-payload ~* &* +@all',
    'user u on nopass sanitize-payload ~a* resetchannels -@all +get',
    'user w on sanitize-payload resetchannels +@all -@write'])
  admin.destroy()
  await server.restart()
  const again = await server.connect()
  t.regex(await again.text('ACL', 'LIST'), /user w on sanitize-payload resetchannels \+@all -@write/)
  again.destroy()
})

test('what is wrong with configured users ends the start', (t) => {
  for (const [args, reason] of [
    [['--user', 'u', '+nope'], /user u \+nope.*Unknown command or category/],
    [['--user', 'u', 'on', '--user', 'u'], /Duplicate user found/],
    [['--aclfile', '/nowhere/users.acl'], /opening file '\/nowhere\/users.acl': No such file/],
    [['--aclfile', '/nowhere/users.acl', '--user', 'u'], /not both/],
  ] as const) t.throws(() => createBroker({ config: createConfig(args) }), { message: reason, code: 'CONFIG' })
})

test('a client whose user may do everything has no gate to pass', async (t) => {
  const server = await startBroker(t)
  const client = await server.connect()
  const gates = (): number => [...server.broker.clients.values()][0]!.gates
  await client.call('PING')
  t.is(gates(), 0)
  await client.call('ACL', 'SETUSER', 'default', '-debug')
  t.not(gates(), 0)
  await client.call('ACL', 'SETUSER', 'default', '+@all')
  t.is(gates(), 0)
  client.destroy()
})

test('scripts may do what their user may, and can ask', async (t) => {
  const server = await startBroker(t)
  const [admin, client] = await Promise.all([server.connect(), server.connect()])
  await admin.call('ACL', 'SETUSER', 'u', 'on', 'nopass', '~a', '+eval', '+get', '+set', '-get')
  await client.call('AUTH', 'u', 'x')
  const refused = await client.text('EVAL', "return redis.call('GET', 'a')", '0')
  t.true(refused.startsWith("-ERR ACL failure in script: User u has no permissions to run the 'get' command script: "), refused)
  t.is(await client.text('EVAL', "return redis.pcall('SET', 'b', '1')", '0'),
    '-ERR ACL failure in script: No permissions to access a key\r\n')
  t.is(await client.text('EVAL', "return redis.call('SET', 'a', '1')", '0'), '+OK\r\n')
  t.is(await client.text('EVAL', "return {redis.acl_check_cmd('SET', 'a', '1'), redis.acl_check_cmd('SET', 'b', '1')}", '0'),
    '*2\r\n:1\r\n$-1\r\n')
  t.is(await client.text('EVAL', "return {redis.acl_check_cmd('SET'), redis.acl_check_cmd('CONFIG')}", '0'), '*2\r\n:1\r\n$-1\r\n',
    'the number of arguments is no matter of access')
  const entries = decode(await admin.call('ACL', 'LOG')).value as RespValue[]
  t.deepEqual(entries.map((entry) => (entry.value as RespValue[])[5]!.value), ['lua', 'lua'])
  for (const one of [admin, client]) one.destroy()
})
