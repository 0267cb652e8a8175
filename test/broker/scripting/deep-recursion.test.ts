// A script that recurses until the stack is full, and calls commands on its way: none of them is half done.
import test from 'ava'
import { startMillrace } from '../../process.ts'
import { RespClient } from '../../resp-client.ts'

const commands = [
  ["redis.call('RPUSH', 'k', n)", "redis.call('LLEN', 'k')"],
  ["redis.call('ZADD', 'k', n, 'member' .. n)", "redis.call('ZCARD', 'k')"],
  ["redis.call('XADD', 'k', '*', 'f', n)", "redis.call('XLEN', 'k')"],
  ["redis.call('HSET', 'k', 'field' .. n, n)", "redis.call('HLEN', 'k')"],
  ["redis.call('GEOADD', 'k', 13, 38, 'member' .. n)", "redis.call('ZCARD', 'k')"],
] as const

test('a full stack ends the script before a command, not within it', async (t) => {
  const server = await startMillrace(t, { args: ['--enable-debug-command', 'yes'] })
  const client = await RespClient.connect(server.port)
  for (const [command, count] of commands) {
    for (const deeper of [0, 1, 7, 100, 1000]) {
      const script = `
        local n = 0
        local function f(skip)
          if skip > 0 then return 1 + f(skip - 1) end
          ${command}
          n = n + 1
          return 1 + f(0)
        end
        local ok, problem = pcall(f, ${deeper})
        return {tostring(ok), (problem:gsub('^user_script:%d+: ', '')), n - ${count}}`
      t.is(await client.text('EVAL', script, 0), '*3\r\n$5\r\nfalse\r\n$14\r\nstack overflow\r\n:0\r\n', command)
      if (deeper < 1000) await client.call('DEL', 'k')
    }
    const digest = await client.text('DEBUG', 'DIGEST')
    t.is(await client.text('DEBUG', 'LOADAOF'), '+OK\r\n')
    t.is(await client.text('DEBUG', 'DIGEST'), digest)
    await client.call('DEL', 'k')
  }
  client.socket.destroy()
})
