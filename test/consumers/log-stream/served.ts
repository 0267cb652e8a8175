// A broker whose log is served as streams, and replies as plain values.
import type { ExecutionContext } from 'ava'
import type { Broker } from '../../../broker/broker.ts'
import { logStreams } from '../../../consumers/log-stream/extension.ts'
import { startBroker } from '../../broker/in-process.ts'
import type { InProcess, InProcessOptions } from '../../broker/in-process.ts'
import type { Arg, RespClient } from '../../resp-client.ts'
import { decode } from '../../resp-value.ts'
import type { RespValue } from '../../resp-value.ts'
import { until } from '../../until.ts'

export const logArgs = ['--appendonly', 'yes', '--save', '', '--auto-aof-rewrite-percentage', '0']

export function startServed(t: ExecutionContext, options: InProcessOptions = {}): Promise<InProcess> {
  return startBroker(t, { args: logArgs, extensions: [logStreams], ...options })
}

/** A reply without its types; errors begin with a dash. */
export type Plain = string | null | Plain[]

export async function value(client: RespClient, ...args: Arg[]): Promise<Plain> {
  return plain(decode(await client.call(...args)))
}

function plain({ type, value: inner }: RespValue): Plain {
  if (Array.isArray(inner)) return inner.map(plain)
  return type === '-' ? `-${inner}` : inner
}

export type Shown = { id: string, fields: Record<string, string> }

/** Entries of a reply, their fields as an object. */
export function shown(reply: Plain): Shown[] {
  return (reply as [string, string[]][]).map(([id, words]) => {
    const fields: Record<string, string> = {}
    for (let i = 0; i < words.length; i += 2) fields[words[i]!] = words[i + 1]!
    return { id, fields }
  })
}

/** The effect of an entry, its words joined. */
export function effect({ fields }: Shown): string {
  const args = Object.keys(fields).filter((name) => name.startsWith('arg')).map((name) => fields[name]!)
  return [fields['cmd']!, ...args].join(' ')
}

/** Makes a checkpoint, and waits for it. */
export async function rewrite(broker: Broker): Promise<void> {
  const before = broker.persistence.rewrites
  broker.persistence.begin('rewrite')
  await until('it is rewritten', () => broker.persistence.run === undefined && broker.persistence.rewrites !== before)
}

/** Resolves when so many clients wait. */
export function parked({ broker }: InProcess, count: number): Promise<void> {
  return until(`${count} wait`, () => broker.blocking.count === count)
}
