// Reads the whole state of a server through commands that both servers have, as a list of probes
// (database, command, reply). Two states agree when their probes do, reply by reply.
import { RespClient } from '../resp-client.ts'
import { decode } from '../resp-value.ts'
import { sameReply, showReply } from './compare.ts'
import type { Command } from './episode.ts'

export type Probe = { database: number, command: Command, reply: Buffer }

const databases = 16
const contextChars = 200

/** Reads every key of every database of the server on this port. */
export async function readState(port: number): Promise<Probe[]> {
  const client = await RespClient.connect(port)
  try {
    const probes: Probe[] = []
    const functions = ['FUNCTION', 'LIST', 'WITHCODE']
    probes.push({ database: 0, command: functions, reply: await client.call(...functions) })
    for (let database = 0; database < databases; database++) {
      await client.call('SELECT', database)
      probes.push(...await readDatabase(client, database))
    }
    return probes
  } finally {
    client.destroy()
  }
}

async function readDatabase(client: RespClient, database: number): Promise<Probe[]> {
  const keys = await allKeys(client)
  const probes: Probe[] = []
  const ask = async (commands: Command[]): Promise<Buffer[]> => {
    const replies = await client.pipeline(commands.map(bytes))
    replies.forEach((reply, i) => probes.push({ database, command: commands[i]!, reply }))
    return replies
  }
  await ask([['DBSIZE']])
  for (const key of keys) {
    const [type] = await ask([['TYPE', key], ['PEXPIRETIME', key]])
    if (type!.toString('latin1') === '+string\r\n') await ask([['GET', key]])
    if (type!.toString('latin1') === '+hash\r\n') await ask([['HGETALL', key], ['OBJECT', 'ENCODING', key]])
    if (type!.toString('latin1') === '+set\r\n') await ask([['SMEMBERS', key]])
    if (type!.toString('latin1') === '+zset\r\n') {
      await ask([['ZRANGE', key, '0', '-1', 'WITHSCORES'], ['OBJECT', 'ENCODING', key]])
    }
    if (type!.toString('latin1') === '+list\r\n') await ask([['LLEN', key], ['LRANGE', key, '0', '-1']])
    if (type!.toString('latin1') === '+stream\r\n') {
      await ask([['XRANGE', key, '-', '+'], ['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'],
        ['XINFO', 'GROUPS', key]])
    }
  }
  return probes
}

async function allKeys(client: RespClient): Promise<string[]> {
  const keys = new Set<string>()
  let cursor = '0'
  do {
    const reply = decode(await client.call('SCAN', cursor, 'COUNT', '1000'))
    if (!Array.isArray(reply.value) || !Array.isArray(reply.value[1]?.value)) break
    cursor = String(reply.value[0]!.value)
    for (const key of reply.value[1].value) keys.add(String(key.value))
  } while (cursor !== '0')
  return [...keys].toSorted()
}

const bytes = (command: Command): Buffer[] => command.map((arg) => Buffer.from(arg, 'latin1'))

/**
 * How strictly clock readings are compared: `live` within the rules' tolerance; `restart` to the
 * millisecond, except a consumer's last attempt to read, which changes nothing and so is in no log;
 * `copy` for redis-server on our log, which stamps deliveries anew when it replays them.
 */
export type Strictness = 'live' | 'restart' | 'copy'

/** What differs between two states, as readable lines. */
export function stateDifferences(
  ours: readonly Probe[], theirs: readonly Probe[], strictness: Strictness = 'live',
): string[] {
  const label = (probe: Probe): string => `db${probe.database} ${JSON.stringify(probe.command)}`
  const others = new Map(theirs.map((probe) => [label(probe), probe]))
  const lines: string[] = []
  for (const probe of ours) {
    const other = others.get(label(probe))
    others.delete(label(probe))
    if (other === undefined) {
      lines.push(`${label(probe)}: only in the first state`)
    } else if (!agree(probe, other, strictness)) {
      lines.push(`${label(probe)}:\n  ${around(probe.reply, other.reply)}`)
    }
  }
  for (const name of others.keys()) lines.push(`${name}: only in the second state`)
  return lines
}

/** What these give has another order after a restart, as it hashes with another seed. */
const unordered: ReadonlySet<string> = new Set(['HGETALL', 'SMEMBERS'])

function agree(one: Probe, other: Probe, strictness: Strictness): boolean {
  const exact = one.command[0] === 'PEXPIRETIME' && strictness !== 'live'
  if (exact) return one.reply.equals(other.reply)
  const isOrdered = !unordered.has(one.command[0]!)
  if (strictness === 'restart' && isOrdered) return withoutAttempts(one.reply) === withoutAttempts(other.reply)
  if (strictness === 'live') return sameReply(one.command, one.reply, other.reply)
  return sameReply(one.command, withoutStamps(one.reply), withoutStamps(other.reply))
}

const withoutAttempts = (reply: Buffer): string =>
  reply.toString('latin1').replaceAll(/(seen|active)-time\r\n:-?\d+/g, '$1-time\r\n:0')

/** Replaces every integer that looks like the present in Unix milliseconds. */
const withoutStamps = (reply: Buffer): Buffer =>
  Buffer.from(reply.toString('latin1').replaceAll(/:1\d{12}\r\n/g, ':1\r\n'), 'latin1')

/** Both replies as text, from a little before the place where they part. */
function around(one: Buffer, other: Buffer): string {
  const [left, right] = [showReply(one), showReply(other)]
  let at = 0
  while (at < left.length && left[at] === right[at]) at++
  const from = Math.max(0, at - contextChars)
  const cut = (text: string): string =>
    (from > 0 ? '…' : '') + text.slice(from, at + contextChars)
  return `${cut(left)}\n  ${cut(right)}`
}
