// The servers that the SDK must run on alike: a broker within the test's process, ours over the network, redis-server 7.
import test, { type ExecutionContext } from 'ava'
import type { Redis } from 'ioredis'
import { createConfig } from '../../broker/config/config.ts'
import { openOwn, patient, type Connection } from '../../consumers/connection.ts'
import { createBroker } from '../../ops/index.ts'
import { requireRedis, startMillrace, startRedis, temporaryDirectory, type Scope } from '../process.ts'

export type ServerName = 'embedded' | 'millrace' | 'redis-server'
export const serverNames: readonly ServerName[] = ['embedded', 'millrace', 'redis-server']

export type Server = {
  name: ServerName
  connection: Connection
  /** A client to look at keys with. */
  redis: Redis
}

const ends: (() => unknown)[] = []

/** For servers that all tests of a file share. */
export const endOfFile: Scope = { teardown: (end) => { ends.unshift(end) } }

test.after.always('stops the servers', async () => {
  for (const end of ends) await end()
})

/** A server of this kind; undefined when redis-server is missing. */
export async function startServer(t: ExecutionContext, scope: Scope, name: ServerName): Promise<Server | undefined> {
  if (name === 'redis-server' && !requireRedis(t)) return undefined
  const connection = name === 'embedded' ? await embedded(scope) : await remote(scope, name)
  const { redis } = openOwn(connection, patient)
  scope.teardown(() => redis.disconnect())
  return { name, connection, redis }
}

async function embedded(scope: Scope): Promise<Connection> {
  const dir = temporaryDirectory(scope)
  const broker = createBroker({ config: createConfig(['--port', '0', '--dir', dir, '--save', '']) })
  await broker.start()
  scope.teardown(() => broker.stop())
  return broker
}

async function remote(scope: Scope, name: 'millrace' | 'redis-server'): Promise<Connection> {
  const { port } = await (name === 'millrace' ? startMillrace(scope) : startRedis(scope))
  return { port, host: '127.0.0.1' }
}
