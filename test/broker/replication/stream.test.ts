// What a replica is sent for a command: the same as redis-server sends, but where the table says why not.

import test from 'ava'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import { infoField } from './attached.ts'
import { RawReplica } from './raw-replica.ts'

/** Commands on one connection; what differs in what replicas see, if anything, and why. */
type Case = { commands: string, ours?: string, why?: string }

const cases: Case[] = [
  { commands: 'SET a 1' },
  { commands: 'SET a 1 EX 100' },
  { commands: 'SETEX a 100 v' },
  { commands: 'PSETEX a 100000 v' },
  { commands: 'SET a 1 KEEPTTL' },
  { commands: 'SETNX a 1' },
  { commands: 'SETNX a 1; SETNX a 2' },
  { commands: 'GETSET a 2' },
  { commands: 'SET a 1; GETDEL a' },
  { commands: 'SET a 1; GETEX a EX 100' },
  { commands: 'SET a 1 EX 100; GETEX a PERSIST' },
  { commands: 'MSET a 1 b 2' },
  { commands: 'APPEND a x' },
  { commands: 'INCR a' },
  { commands: 'INCRBYFLOAT a 0.5' },
  { commands: 'HINCRBYFLOAT h f 0.5' },
  { commands: 'HSET h f 1' },
  { commands: 'HDEL h f' },
  { commands: 'SET a 1; EXPIRE a 100' },
  { commands: 'SET a 1; EXPIRE a -1' },
  { commands: 'SET a 1 EX 100; PERSIST a' },
  { commands: 'SADD s one; SPOP s' },
  { commands: 'SADD s one two; SPOP s 5' },
  { commands: 'SADD s one two; SMOVE s t one' },
  { commands: 'RPUSH l a b; LPOP l; BLPOP l 1' },
  { commands: 'RPUSH l a b; BLMOVE l m LEFT RIGHT 1' },
  { commands: 'RPUSH l a b; RPOPLPUSH l m' },
  { commands: 'RPUSH l a b; LMPOP 1 l LEFT COUNT 2' },
  { commands: 'ZADD z 1 a 2 b; ZPOPMIN z; BZPOPMAX z 1' },
  { commands: 'ZADD z 1 a; ZINCRBY z 1.5 a' },
  { commands: 'XADD x 1-1 a 1' },
  { commands: 'XADD x 1-1 a 1; XADD x 2-1 a 1; XTRIM x MAXLEN 1' },
  { commands: 'XADD x 1-1 a 1; XDEL x 1-1' },
  { commands: 'XGROUP CREATE x g 0 MKSTREAM; XGROUP CREATECONSUMER x g ann' },
  { commands: 'PFADD p a' },
  { commands: 'SORT l STORE m' },
  { commands: 'RPUSH l 2 1; SORT l STORE m', ours: 'SELECT 0; RPUSH l 2 1; RPUSH m 1 2', why: 'the result does not depend on locales' },
  { commands: 'GEOADD g 13 38 p', ours: 'SELECT 0; GEOADD g 13 38 p', why: 'a command that is its own effect is sent as it came' },
  { commands: 'SETBIT a 7 1' },
  { commands: 'BITFIELD a SET u8 0 1' },
  { commands: 'COPY a b' },
  { commands: 'SET a 1; COPY a b' },
  { commands: 'SET a 1; RENAME a b' },
  { commands: 'SET a 1; UNLINK a' },
  { commands: 'DEL a' },
  { commands: 'GET a' },
  { commands: 'SET a 1; MOVE a 3' },
  { commands: 'SELECT 3; SET a 1; SELECT 0; SET a 1' },
  { commands: 'SWAPDB 0 1' },
  { commands: 'FLUSHDB', ours: '', why: 'the database is empty: nothing changes' },
  { commands: 'SET a 1; FLUSHDB' },
  { commands: 'FLUSHALL' },
  { commands: 'MULTI; SET a 1; SET b 2; EXEC' },
  { commands: 'MULTI; GET a; EXEC' },
  { commands: "EVAL return(redis.call('SET','a','1')) 0", ours: 'SELECT 0; MULTI; SET a 1; EXEC', why: 'a script is one transaction' },
  { commands: "EVAL redis.call('SET','a','1')redis.call('SET','b','1') 0" },
  { commands: 'SCRIPT LOAD return(1)' },
  { commands: 'PUBLISH news hello', ours: 'PUBLISH news hello', why: 'a message is of no database' },
  { commands: 'SPUBLISH news hello', ours: 'SPUBLISH news hello', why: 'a message is of no database' },
  { commands: 'SET a 1; PUBLISH news hello' },
  { commands: 'FUNCTION FLUSH', ours: '', why: 'there is none: nothing changes' },
  { commands: 'DEBUG SET-ACTIVE-EXPIRE 0; PSETEX a 1 v; NAP; GET a; DEBUG SET-ACTIVE-EXPIRE 1' },
]

/** Points in time, which no two servers share. */
const stamp = /^1\d{12}$/

async function seen(server: ServerProcess, replica: RawReplica, commands: string): Promise<string> {
  const client = await server.connect()
  for (const command of ['FLUSHALL', 'SELECT 15', 'SET begin here', 'SELECT 0']) await client.call(...command.split(' '))
  for (const command of commands.split('; ')) {
    if (command === 'NAP') await new Promise((resolve) => setTimeout(resolve, 10))
    else await client.call(...command.split(' '))
  }
  await client.call('SELECT', 15)
  await client.call('SET', 'end', 'here')
  await replica.commandsUntil('SET', 'begin')
  const all = await replica.commandsUntil('SET', 'end')
  client.destroy()
  // Before the end its database is selected, if that was another.
  if (all.at(-1)?.join(' ') === 'SELECT 15') all.pop()
  return all.filter((words) => words[0] !== 'PING' && words[0] !== 'REPLCONF')
    .map((words) => words.map((word) => stamp.test(word) ? '<ms>' : word).join(' ')).join('; ')
}

test('a replica is sent what redis-server sends', async (t) => {
  if (!requireRedis(t)) return
  // The PING that says that the master lives would count, too.
  const args = ['--repl-diskless-sync', 'no', '--enable-debug-command', 'yes', '--repl-ping-replica-period', '3600']
  const [ours, theirs] = await Promise.all([startMillrace(t, { args }), startRedis(t, { args })])
  const [one, other] = await Promise.all([RawReplica.attach(ours.port), RawReplica.attach(theirs.port)])
  const wrong: string[] = []
  for (const { commands, ours: different, why } of cases) {
    const sent = await seen(ours, one, commands)
    const reference = await seen(theirs, other, commands)
    if (sent !== (different ?? reference)) wrong.push(`${commands}\n   ours   ${sent}\n   theirs ${reference}`)
    else if (different !== undefined && sent === reference) wrong.push(`${commands} differs no more (${why})`)
  }
  t.deepEqual(wrong, [])
  const client = await ours.connect()
  t.is(await infoField(client, 'master_repl_offset'), String(one.offset), 'offsets count what was sent')
  client.destroy()
  one.socket.destroy()
  other.socket.destroy()
})
