// The audit drill: 200,000 writes by several users, with checkpoints and a restart on the way; the log's streams show each
// once, in order, with who and when. And a group that follows under full load while the broker is killed.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import test from 'ava'
import type { Plain } from './served.ts'
import { effect, shown, value } from './served.ts'
import { program, startMillrace } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { seededRandom } from '../../../core/random.ts'
import { until } from '../../until.ts'

const users = ['ann', 'bob', 'cid', 'dora']
const keysCount = 500

async function connectAs(server: ServerProcess, user: string): Promise<RespClient> {
  const client = await server.connect()
  await client.text('AUTH', user, 'pw')
  return client
}

test('200,000 mixed writes of several users: each once, in order, with who and when', async (t) => {
  const seed = Math.trunc(Math.random() * 2 ** 31)
  t.log(`seed ${seed}`)
  const server = await startMillrace(t, { args: [
    '--auto-aof-rewrite-min-size', '4mb', ...users.flatMap((user) => ['--user', user, 'on', '>pw', '~*', '+@all']),
  ] })
  const sent = new Map<string, string[]>(users.map((user) => [user, []]))
  const began = Date.now()
  const write = async (user: string, count: number): Promise<void> => {
    const random = seededRandom(seed + users.indexOf(user))
    const client = await connectAs(server, user)
    const own = sent.get(user)!
    for (let left = count; left > 0; left -= 250) {
      const batch: string[][] = []
      for (let i = 0; i < 250; i++) {
        const key = `k:${random.u32() % keysCount}`
        const number = String(own.length + i)
        const roll = random.u32() % 4
        if (roll === 0) batch.push(['SET', key, `${user}:${number}`])
        else if (roll === 1) batch.push(['HSET', `h:${key}`, user, number])
        else if (roll === 2) batch.push(['RPUSH', `l:${key}`, `${user}:${number}`])
        else batch.push(['SADD', `s:${key}`, `${user}:${number}`])
      }
      await client.pipeline(batch)
      own.push(...batch.map((words) => words.join(' ')))
    }
    client.destroy()
  }
  await Promise.all(users.map((user) => write(user, 25_000)))
  await server.restart()
  await Promise.all(users.map((user) => write(user, 25_000)))
  const ended = Date.now()

  const client = await server.connect()
  const seen = new Map<string, string[]>(users.map((user) => [user, []]))
  const ofKey: string[] = []
  let position = 0
  let last = '0-0'
  let lastMs = 0
  for (;;) {
    const reply = (await value(client, 'XREAD', 'COUNT', '1000', 'STREAMS', '$all', last)) as [[string, Plain]] | null
    if (reply === null) break
    for (const entry of shown(reply[0][1])) {
      const { fields, id } = entry
      const ms = Number(id.split('-')[0])
      if (Number(fields['pos']) !== ++position || ms < lastMs || ms < began || ms > ended) t.fail(`position ${position}: ${id}`)
      lastMs = ms
      last = id
      seen.get(fields['user']!)!.push(effect(entry))
      if (fields['arg1'] === 'k:7') ofKey.push(effect(entry))
    }
  }
  t.is(position, 200_000)
  for (const user of users) t.deepEqual(seen.get(user), sent.get(user))
  t.deepEqual(shown(await value(client, 'XRANGE', '$key:k:7', '-', '+')).map(effect), ofKey)
  t.is(await value(client, 'XLEN', '$all'), '200000')
  await until('the process that folds segments has made their indexes', () => (
    readdirSync(server.dir, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.index'))))
  await server.terminate()
  const check = spawnSync(process.execPath, [program, 'check', server.dir], { encoding: 'utf8' })
  t.is(check.status, 0, check.stdout + check.stderr)
})

test('a group follows under full load through kills: nothing missing, nothing again that was acknowledged', async (t) => {
  const server = await startMillrace(t, { args: ['--auto-aof-rewrite-min-size', '1mb'] })
  const setup = await server.connect()
  await setup.text('XGROUP', 'CREATE', '$key:jobs', 'g', '$')
  await setup.text('XGROUP', 'CREATE', '$all', 'g', '$')
  setup.destroy()
  const acknowledged = new Set<string>()
  const processed: string[] = []
  const done = { writing: true }
  let next = 0
  let written = 0

  const write = async (): Promise<void> => {
    while (next < 40_000) {
      try {
        const client = await server.connect()
        while (next < 40_000) {
          const batch: string[][] = []
          for (let i = 0; i < 50; i++) batch.push(['RPUSH', 'jobs', String(next++)])
          for (const reply of await client.pipeline(batch)) if (reply[0] === 58) written++
        }
        client.destroy()
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    done.writing = false
  }

  const follow = async (): Promise<void> => {
    for (;;) {
      try {
        const client = await server.connect()
        // What was delivered and not acknowledged comes first.
        for (let id = '0'; ;) {
          // What was written by then is there for a read that is asked for now.
          const { writing } = done
          const reply = (await value(client, 'XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '500', 'BLOCK', '200', 'STREAMS', '$all', id)) as
            [[string, Plain]] | null
          const entries = reply === null ? [] : shown(reply[0][1])
          if (entries.length === 0) {
            if (id === '>' && !writing) return
            id = '>'
            continue
          }
          for (const entry of entries) {
            if (acknowledged.has(entry.id)) t.fail(`${entry.id} came again after it was acknowledged`)
            processed.push(effect(entry))
          }
          const ids = entries.map((entry) => entry.id)
          if (await value(client, 'XACK', '$all', 'g', ...ids) !== String(ids.length)) t.fail('an acknowledgement counted less')
          for (const each of ids) acknowledged.add(each)
        }
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }

  const kill = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 400))
      await server.kill9()
      await server.start()
    }
  }
  await Promise.all([write(), follow(), kill()])

  const client = await server.connect()
  const all = shown(await value(client, 'XRANGE', '$key:jobs', '-', '+', 'COUNT', '100000')).map(effect)
  t.true(all.length >= written)
  t.deepEqual([...new Set(processed)], all)
  t.is(await value(client, 'XLEN', '$all'), String(all.length))
  t.deepEqual((await value(client, 'XPENDING', '$all', 'g') as Plain[])[0], '0')
})
