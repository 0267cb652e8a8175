// Messages as a consumer of JetStream delivers them.

import type { Msg } from 'nats'
import { headerNames, Malformed, toFields } from './fields.ts'
import type { Headers } from './fields.ts'

/** A message, its sequence in the stream, and when JetStream got it (unix ms). */
export type Delivery = { message: Msg, sequence: number, ms: number }

export const nanosPerMs = 1_000_000

/** What the reply subject of a delivered message says; undefined for a status. */
export function deliveryOf(
  message: Msg,
): { sequence: number, delivered: number, ms: number, pending: number } | undefined {
  const tokens = (message.reply ?? '').split('.')
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK') return undefined
  // Newer servers say domain and account before the stream's name.
  const at = tokens.length === 9 ? 4 : 6
  const [, sequence, delivered, nanos, pending] = tokens.slice(at).map(Number)
  return { sequence: sequence!, delivered: delivered!, ms: nanos! / nanosPerMs, pending: pending! }
}

/** Throws when they can't be read. */
export function headersOf(message: Msg): Headers {
  const { headers } = message
  if (headers === undefined) return []
  return [...headers].flatMap(([name, values]) => values.map((value): [string, string] => [name, value]))
}

/** The fields of a message; of one of somebody else also its subject. Throws Malformed. */
export function fieldsOf(message: Msg, headers: Headers): Buffer[] {
  const ours = headers.some(([name]) => name === headerNames.fields || name === headerNames.packed)
  const fields = toFields({ headers: headers.filter(([name]) => name !== headerNames.origin), payload: message.data })
  if (fields.length === 0) throw new Malformed('it has no fields')
  if (!ours) fields.push(Buffer.from('nats-subject'), Buffer.from(message.subject))
  return fields
}
