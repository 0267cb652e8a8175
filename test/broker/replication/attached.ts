// Real redis-servers as replicas of ours, and what tests of them need.

import type { Scope, ServerProcess } from '../../process.ts'
import { startRedis } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { until } from '../../until.ts'

/** A field of INFO. */
export async function infoField(client: RespClient, field: string): Promise<string | undefined> {
  const text = await client.text('INFO', 'everything')
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(text)?.[1]
}

export function linkIsUp(client: RespClient): Promise<boolean> {
  return infoField(client, 'master_link_status').then((status) => status === 'up')
}

/** Starts a redis-server that is attached to `master`. */
export async function startReplica(scope: Scope, master: ServerProcess, args: readonly string[] = []): Promise<ServerProcess> {
  const replica = await startRedis(scope, {
    args: ['--appendonly', 'no', '--repl-diskless-sync-delay', '0', '--replicaof', `127.0.0.1 ${master.port}`, ...args],
  })
  const client = await replica.connect()
  await until('the link is up', () => linkIsUp(client))
  client.destroy()
  return replica
}

/** Waits until the replica has all that the master sent. */
export async function caughtUp(master: RespClient, replica: RespClient): Promise<void> {
  await until('the replica has all', async () => {
    const sent = await infoField(master, 'master_repl_offset')
    return sent === await infoField(replica, 'slave_repl_offset') && sent === await infoField(master, 'master_repl_offset')
  })
}
