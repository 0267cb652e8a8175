// The fields of a job's entry. Any client can add a job: XADD jobs * name resize data '{"image":"cat.png"}'.
//
//   name        which handler runs it                  key          jobs of one key run one at a time, in order
//   data        what the codec made of its data        after        id of the entry before it with the same key
//   idem        idempotency key                        attempts     deliveries before it is given up
//   backoff     {"type":…,"delayMs":…} as JSON         traceparent, tracestate   the trace it was added in

import { parseBackoff } from './backoff.ts'
import type { Backoff } from './backoff.ts'
import type { Text } from './delivery.ts'

/** What a job says of itself, however it was delivered. */
export type Entry = {
  name: string
  data: Text
  key: string
  after: string
  idempotencyKey: string
  /** Undefined: as the worker has it. */
  attempts: number | undefined
  backoff: Backoff | undefined
  traceparent: string
  tracestate: string
}

/** Options of one job. */
export type JobOptions = {
  /** Jobs of one key run one at a time, in the order they were added, also through their retries. */
  key?: string
  /** Added once, however often it is sent, and its effects are applied once; remembered for `idempotencyMs`. */
  idempotencyKey?: string
  idempotencyMs?: number
  /** It is added after so many milliseconds … */
  delayMs?: number
  /** … or at this time. */
  at?: Date
  /** Deliveries before it becomes a dead letter, instead of the worker's. */
  attempts?: number
  /** Instead of the worker's. */
  backoff?: Backoff
}

/** Fields and values of a job's entry, in turns. */
export function entryFields(name: string, data: Text, options: JobOptions | undefined, trace: TraceFields): Text[] {
  const fields: Text[] = ['name', name, 'data', data]
  if (options !== undefined) {
    if (options.key !== undefined) fields.push('key', options.key)
    if (options.idempotencyKey !== undefined) fields.push('idem', options.idempotencyKey)
    if (options.attempts !== undefined) fields.push('attempts', String(options.attempts))
    if (options.backoff !== undefined) fields.push('backoff', JSON.stringify(options.backoff))
  }
  if (trace !== undefined) {
    fields.push('traceparent', trace.traceparent)
    if (trace.tracestate !== '') fields.push('tracestate', trace.tracestate)
  }
  return fields
}

export type TraceFields = { traceparent: string, tracestate: string } | undefined

/** Reads an entry's fields; unknown ones are passed over. */
export function parseEntry(fields: readonly Text[]): Entry {
  const entry: Entry = {
    name: '', data: 'null', key: '', after: '', idempotencyKey: '', attempts: undefined, backoff: undefined,
    traceparent: '', tracestate: '',
  }
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const value = fields[i + 1]!
    switch (String(fields[i])) {
      case 'name': entry.name = String(value); break
      case 'data': entry.data = value; break
      case 'key': entry.key = String(value); break
      case 'after': entry.after = String(value); break
      case 'idem': entry.idempotencyKey = String(value); break
      case 'attempts': entry.attempts = Math.max(1, Math.trunc(Number(value))) || undefined; break
      case 'backoff': entry.backoff = parseBackoff(String(value)); break
      case 'traceparent': entry.traceparent = String(value); break
      case 'tracestate': entry.tracestate = String(value); break
    }
  }
  return entry
}
