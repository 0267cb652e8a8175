// Where a message has been, so that it never comes back: a list of hops in the header, and in a stream's entry in the
// field, Millrace-Origin. A hop is the id of a broker, or `jetstream/<name>`.
//
//   from a stream of ours    its own hops and our id; not to a JetStream stream that is among them
//   to a stream of ours      its own hops and the JetStream stream's; not when our id is among them
//   channels                 our id; a message that came over a bridge goes out over none

import { headerNames } from './fields.ts'
import { hopsMax } from './limits.ts'

const field = Buffer.from(headerNames.origin)

export function streamHop(stream: string): string {
  return `jetstream/${stream}`
}

export function hopsOf(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(',')
}

export function hasPassed(hops: readonly string[], hop: string): boolean {
  return hops.includes(hop) || hops.length >= hopsMax
}

/** The hops of an entry, and its fields without them. */
export function originsOf(fields: readonly Buffer[]): [hops: string[], own: readonly Buffer[]] {
  const at = fields.findLastIndex((name, i) => i % 2 === 0 && name.equals(field))
  if (at === -1) return [[], fields]
  const text = fields[at + 1]!.toString('latin1')
  // Somebody else's field of that name is a field like any other.
  if (!/^[\w,/.:-]*$/.test(text)) return [[], fields]
  return [hopsOf(text), fields.toSpliced(at, 2)]
}
