// What COMMAND tells: for every command that redis-server 7.0 knows too, the same arity, flags, key positions, ACL
// categories and key specs; and GETKEYS finds the same keys.
import test from 'ava'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import { decode, show } from '../../resp-value.ts'
import type { RespValue } from '../../resp-value.ts'

type Described = { name: string, fields: Record<string, string> }

const order = ['name', 'arity', 'flags', 'first', 'last', 'step', 'categories', 'tips', 'keys'] as const

function sorted(value: RespValue): string {
  if (!Array.isArray(value.value)) return show(value)
  // The notes of key specs are prose.
  return value.value.map((item) => show(item).replace(/\$"notes", \$"[^"]*", /, '')).toSorted().join(' ')
}

function describe(entry: RespValue): Described[] {
  const items = entry.value as RespValue[]
  const fields: Record<string, string> = {}
  order.forEach((name, i) => {
    fields[name] = sorted(items[i]!)
  })
  return [{ name: items[0]!.value as string, fields }, ...(items[9]!.value as RespValue[]).flatMap((sub) => describe(sub))]
}

async function allOf(server: ServerProcess): Promise<Map<string, Described>> {
  const client = await server.connect()
  const reply = decode(await client.call('COMMAND'))
  client.destroy()
  return new Map((reply.value as RespValue[]).flatMap((entry) => describe(entry)).map((one) => [one.name, one]))
}

/** From 7.2 on scripts may call them: they do not wait there. WAIT is told among those that block from 7.4 on. */
const inScripts = new Set(['blpop', 'brpop', 'blmove', 'brpoplpush', 'bzpopmin', 'bzpopmax', 'wait'])
/** From 7.2 on they take WITHSCORE. */
const withScore = new Set(['zrank', 'zrevrank'])

test('every command that both know is declared alike', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs] = await Promise.all([startMillrace(t), startRedis(t)])
  const [mine, known] = await Promise.all([allOf(ours), allOf(theirs)])
  const both = [...mine.values()].filter((one) => known.has(one.name))
  t.true(both.length > 60)
  const unlike: string[] = []
  for (const { name, fields } of both) {
    for (const field of order) {
      // Tips say how a cluster's proxy should spread a command; 7.2 reworded some.
      if (field === 'tips') continue
      let other = known.get(name)!.fields[field]
      if (field === 'flags' && inScripts.has(name)) other = other!.replace(/\+noscript ?/, '')
      if (field === 'arity' && withScore.has(name)) other = ':-3'
      const own = name === 'wait' ? fields[field]!.replace(/\+@?blocking ?/, '').trim() : fields[field]
      if (own !== other) unlike.push(`${name} ${field}: ours ${own}, theirs ${other}`)
    }
  }
  t.deepEqual(unlike, [])
})

const calls: readonly string[] = [
  'GET k', 'SET k v', 'SET k v GET', 'SET k v EX 5 GET', 'MSET a 1 b 2', 'MSET a 1 b', 'DEL a b c', 'RENAME a b',
  'COPY a b', 'OBJECT ENCODING k', 'OBJECT HELP', 'MEMORY USAGE k', 'PING', 'NOPE x', 'GET', 'GET a b', 'LCS a b',
  'EXPIRE a 1', 'OBJECT NOPE k', 'CONFIG GET x', 'WATCH a b', 'MGET a b', 'GETEX a', 'SMOVE a b c', 'SINTERSTORE d a b',
  'SINTERCARD 2 a b', 'SINTERCARD 3 a b', 'SORT l', 'SORT l BY x* GET y* STORE d', 'SORT l LIMIT STORE 2 STORE x STORE y', 'SORT l STORE',
  'SORT_RO l BY x*', 'SETRANGE k 0 v', 'TOUCH a b',
  'MIGRATE h 1 k 0 9', 'MIGRATE h 1 k 0 9 KEYS a b', 'MIGRATE h 1  0 9 AUTH KEYS KEYS a KEYS b', 'MIGRATE h 1 k 0 9 NOPE',
  'GEORADIUS k 1 2 3 m', 'GEORADIUS k 1 2 3 m STORE d', 'GEORADIUSBYMEMBER k m 3 m ASC STOREDIST d', 'XREAD COUNT 1 a 0',
  'BLPOP a b 0', 'LMPOP 2 a b LEFT', 'LMPOP 3 a LEFT', 'BLMPOP 0 1 a RIGHT COUNT 2', 'LMOVE a b LEFT LEFT',
]

test('GETKEYS and GETKEYSANDFLAGS find what redis-server finds', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs] = await Promise.all([startMillrace(t), startRedis(t)])
  for (const resp of ['2', '3']) {
    const [mine, other] = await Promise.all([ours.connect(), theirs.connect()])
    await Promise.all([mine.call('HELLO', resp), other.call('HELLO', resp)])
    for (const how of ['GETKEYS', 'GETKEYSANDFLAGS']) {
      for (const call of calls) {
        const words = ['COMMAND', how, ...call.split(' ')]
        t.is(show(decode(await mine.call(...words))), show(decode(await other.call(...words))), words.join(' '))
      }
    }
    mine.destroy()
    other.destroy()
  }
})

test('LIST, COUNT, DOCS and INFO agree with each other', async (t) => {
  const server = await startMillrace(t)
  const client = await server.connect()
  const words = async (...args: string[]): Promise<string[]> =>
    (decode(await client.call(...args)).value as RespValue[]).map((item) => item.value as string)
  const names = await words('COMMAND', 'LIST')
  const whole = names.filter((name) => !name.includes('|'))
  t.is(await client.text('COMMAND', 'COUNT'), `:${whole.length}\r\n`)
  t.true(names.includes('config|get'))
  t.is(new Set(names).size, names.length)
  const docs = decode(await client.call('COMMAND', 'DOCS')).value as RespValue[]
  t.deepEqual(docs.filter((_, i) => i % 2 === 0).map((item) => item.value), whole)
  t.deepEqual((await words('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'CLIENT|un*')).toSorted(),
    ['client|unblock', 'client|unpause'])
  t.true((await words('COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'connection')).includes('client|kill'))
  t.deepEqual(await words('COMMAND', 'LIST', 'FILTERBY', 'MODULE', 'x'), [])
  t.is(show(decode(await client.call('COMMAND', 'INFO', 'nope', 'a|b|c'))), '*[$nil, $nil]')
  t.is(await client.text('COMMAND', 'DOCS', 'nope'), '*0\r\n')
  // As `help` of redis-cli shows them.
  for (const name of ['xschedule|add', 'xschedule|delayed', 'xgroup|policy', 'log|at', 'bridge|add']) {
    t.regex(await client.text('COMMAND', 'DOCS', name), /\r\narguments\r\n/, name)
  }
})


test('no command of redis-server is unknown, no figure of its INFO missing', async (t) => {
  if (!requireRedis(t)) return
  const lists: string[][] = []
  const figures: string[][] = []
  for (const server of await Promise.all([startMillrace(t), startRedis(t)])) {
    const client = await server.connect()
    const reply = decode(await client.call('COMMAND', 'LIST')).value as RespValue[]
    lists.push(reply.map((item) => item.value as string))
    figures.push(Array.from((await client.text('INFO', 'default')).matchAll(/^(\w+):/gm), (line) => line[1]!))
    client.destroy()
  }
  const known = new Set(lists[0])
  t.deepEqual(lists[1]!.filter((name) => !known.has(name)), [])
  // These two are of the compiler.
  const told = new Set([...figures[0]!, 'gcc_version', 'atomicvar_api'])
  t.true(figures[1]!.length > 100)
  t.deepEqual(figures[1]!.filter((name) => !told.has(name)), [])
})

test('HELP of every container names all its subcommands', async (t) => {
  const server = await startMillrace(t)
  const client = await server.connect()
  for (const name of ['CLIENT', 'COMMAND', 'CONFIG', 'LATENCY', 'MEMORY', 'SLOWLOG', 'ACL']) {
    const lines = (decode(await client.call(name, 'HELP')).value as RespValue[]).map((item) => item.value as string)
    t.true(lines[0]!.startsWith(`${name} <subcommand>`))
    const info = (decode(await client.call('COMMAND', 'INFO', name)).value as RespValue[])[0]!.value as RespValue[]
    for (const sub of info[9]!.value as RespValue[]) {
      const word = ((sub.value as RespValue[])[0]!.value as string).split('|')[1]!.toUpperCase()
      t.true(lines.some((line) => line === word || line.startsWith(`${word} `)), `${name} ${word}`)
    }
  }
})
