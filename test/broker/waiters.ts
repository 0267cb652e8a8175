// Clients that wait with a command, for the tests of what wakes them.
import type { RespClient } from '../resp-client.ts'
import { until } from '../until.ts'
import type { InProcess } from './in-process.ts'

export const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`
export const bulks = (...items: string[]): string => `*${items.length}\r\n${items.map(bulk).join('')}`

/** Resolves when so many clients wait. */
export function parked(server: InProcess, count: number): Promise<void> {
  return until(`${count} clients wait`, () => server.broker.blocking.count === count)
}

/** A client that waits with this command; those that came before it wait already. */
export async function waiter(server: InProcess, command: string): Promise<{ client: RespClient, reply: Promise<string> }> {
  const before = server.broker.blocking.count
  const client = await server.connect()
  client.sendRaw(`${command}\r\n`)
  const reply = client.take(1).then((replies) => String(replies[0]))
  reply.catch(() => {})
  await parked(server, before + 1)
  return { client, reply }
}

/** Several of them, one after the other. */
export async function waiters(server: InProcess, ...commands: string[]): Promise<{ replies: Promise<string>[], close: () => void }> {
  const all: { client: RespClient, reply: Promise<string> }[] = []
  for (const command of commands) all.push(await waiter(server, command))
  return {
    replies: all.map((one) => one.reply),
    close: () => {
      for (const { client } of all) client.destroy()
    },
  }
}
