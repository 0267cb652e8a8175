// Random snippets here, in both forms, and on redis-server: the same results and the same error texts, byte for byte.
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { requireRedis, startRedis } from '../../../process.ts'
import { RespClient } from '../../../resp-client.ts'
import { harness, runHere, sandbox } from './against-redis.ts'
import { fixedSnippets } from './fixed-snippets.ts'
import { Chance, Snippets } from './snippets.ts'

const snippets = Number(process.env['LUA_SNIPPETS'] ?? 3000)
const seed = Number(process.env['LUA_SEED'] ?? Math.floor(Math.random() * 1e9))

/** The text of a bulk reply. */
function bulk(reply: Buffer): string {
  return reply.toString('latin1').replace(/^\$\d+\r\n/, '').slice(0, -2)
}

async function compare(t: ExecutionContext<unknown>, make: (seed: number) => string, from = seed, count = snippets): Promise<void> {
  if (!requireRedis(t)) return
  t.log(`LUA_SEED=${seed}`)
  const redis = await startRedis(t)
  const client = await RespClient.connect(redis.port)
  const plain = sandbox(false)
  const yielding = sandbox(true)
  for (let i = 0; i < count; i++) {
    const snippet = make(from + i)
    const there = bulk(await client.call('EVAL', harness, 0, Buffer.from(snippet, 'latin1')))
    if (!snippet.includes('coroutine')) t.is(runHere(plain, snippet), there, `seed ${from + i}:\n${snippet}`)
    t.is(runHere(yielding, snippet), there, `seed ${from + i}, yielding form:\n${snippet}`)
  }
  client.socket.destroy()
}

test('chosen snippets give what redis-server gives', async (t) => {
  await compare(t, (n) => fixedSnippets[n]!, 0, fixedSnippets.length)
})

test('random snippets give what redis-server gives', async (t) => {
  await compare(t, (n) => new Snippets(n).snippet())
})

test('damaged snippets give the syntax errors that redis-server gives', async (t) => {
  const scraps = [
    'end', 'then', '(', ')', '{', '}', '=', '==', ',', '"', "'", '[[', ']]', '..', '...', '~', '!', '@', 'local', 'function', 'nil',
    '0x', '1e', '3..4', '--', '--[[', '\n', ':', '[', 'in', 'do', 'until', '\\', '"\\300"', '[=[', '[=', 'break', 'return', '\0', '\x80',
    'for', '1 2', '1a',
  ]
  await compare(t, (n) => {
    const chance = new Chance(n)
    let text = new Snippets(n).snippet()
    for (let i = chance.below(3); i >= 0; i--) {
      const at = chance.below(text.length)
      text = text.slice(0, at) + (chance.below(2) === 0 ? ` ${chance.pick(scraps)} ` : '') + text.slice(at + chance.below(6))
    }
    return text
  })
})
