// The fields of a stream's entry as a message of NATS, and back.
//
//   field `data` (the first of that name)   the payload
//   any other field                         a header of that name
//   Millrace-Fields: task,@data,x%20y       the names in their order, `@` before the payload's: so that the way back
//                                           gives the same fields in the same order, whatever they are
//
// A header's name is a token and its value one line of text, so in both what can't stand there is %XX: of names all
// but token characters, and the first letter of those that begin with `Nats-` (they would steer JetStream) or
// `Millrace-`; of values control characters, `%`, bytes from 0x80 on, and blanks at the ends. Fields that are too long
// for headers are all packed into the payload, as a RESP array (`Millrace-Packed: 1`); `traceparent` stays a header,
// too.
//
// A message of somebody else has no Millrace-Fields: its payload becomes the field `data`, its headers fields of their
// own names, as they are.

import { Args, encodeWords, frameCommand } from '../../core/args.ts'
import { headerBytesMax } from './limits.ts'
import { escapeOf, percentDecoded } from './names.ts'

/** Headers in their order; a name may come again. */
export type Headers = [name: string, value: string][]
export type Message = { headers: Headers, payload: Uint8Array }

/** A message that says of itself what isn't so. */
export class Malformed extends Error {}

export const headerNames = {
  fields: 'Millrace-Fields',
  packed: 'Millrace-Packed',
  /** Where the message has been: brokers and JetStream streams. */
  origin: 'Millrace-Origin',
  trace: 'traceparent',
  messageId: 'Nats-Msg-Id',
  expectedLastId: 'Nats-Expected-Last-Msg-Id',
} as const

const payloadField = 'data'
const noBytes = new Uint8Array(0)
/** `$0`, and two line ends. */
const wordBytesMin = 6

/** The message of an entry: `fields` are names and values in turns. */
export function toMessage(fields: readonly Uint8Array[]): Message {
  const headers: Headers = []
  const names: string[] = []
  let payload: Uint8Array | undefined
  let bytes = 0
  for (let i = 0; i < fields.length; i += 2) {
    const name = nameOf(fields[i]!)
    const value = fields[i + 1]!
    if (payload === undefined && name === payloadField) {
      payload = value
      names.push(`@${name}`)
    } else {
      if (bytes + value.length > headerBytesMax) return packed(fields)
      const text = valueOf(value)
      headers.push([name, text])
      names.push(name)
      bytes += name.length + text.length
    }
    bytes += name.length
  }
  if (bytes > headerBytesMax) return packed(fields)
  headers.push([headerNames.fields, names.join(',')])
  return { headers, payload: payload ?? noBytes }
}

/** The fields of a message, names and values in turns. Throws Malformed. */
export function toFields(message: Message): Buffer[] {
  const { headers } = message
  const payload = Buffer.from(message.payload)
  if (headers.some(([name]) => name === headerNames.packed)) return unpacked(payload)
  const list = headers.find(([name]) => name === headerNames.fields)?.[1]
  if (list === undefined) {
    return [Buffer.from(payloadField), payload, ...headers.flat().map((text) => Buffer.from(text))]
  }
  const values = Map.groupBy(headers, ([name]) => name)
  return list.split(',').flatMap((word) => {
    if (word.startsWith('@')) return [percentDecoded(word.slice(1)), payload]
    const value = values.get(word)?.shift()
    if (value === undefined) throw new Malformed(`${headerNames.fields} names ${word}, which is no header`)
    return [word === '%' ? Buffer.alloc(0) : percentDecoded(word), percentDecoded(value[1])]
  })
}

/** The text of a header that the bridge adds itself. */
export function headerOf(headers: Headers, name: string): string | undefined {
  return headers.find(([known]) => known === name)?.[1]
}

function packed(fields: readonly Uint8Array[]): Message {
  const headers: Headers = [[headerNames.packed, '1']]
  for (let i = 0; i < fields.length; i += 2) {
    const short = fields[i]!.length === headerNames.trace.length && fields[i + 1]!.length <= headerBytesMax
    if (short && nameOf(fields[i]!) === headerNames.trace) {
      headers.push([headerNames.trace, valueOf(fields[i + 1]!)])
      break
    }
  }
  return { headers, payload: encodeWords(fields) }
}

function unpacked(payload: Buffer): Buffer[] {
  const args = new Args()
  // A count that the payload can't hold would only claim memory.
  const count = Number(/^\*(\d{1,9})\r\n/.exec(payload.toString('latin1', 0, 12))?.[1] ?? 0)
  const fits = count > 0 && count % 2 === 0 && count * wordBytesMin <= payload.length
  if (!fits || frameCommand(args, payload, 0, payload.length) !== payload.length) {
    throw new Malformed(`the payload is no packed entry, as ${headerNames.packed} says`)
  }
  return Array.from({ length: args.count }, (_, i) => args.copy(i))
}

function nameOf(name: Uint8Array): string {
  const text = Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1')
  const escaped = text.replaceAll(/[^!#$&'*+\-.^_`|~0-9A-Za-z]/g, escapeOf)
  if (escaped === '') return '%'
  return /^(?:nats|millrace)-/i.test(escaped) ? escapeOf(escaped[0]!) + escaped.slice(1) : escaped
}

/** Any bytes as the text of one line: printable ASCII as it is, the rest as %XX. */
export function valueOf(value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
  return text.replaceAll(/[^ -$&-~]|^ +| +$/g, escapeAll)
}

function escapeAll(text: string): string {
  return Array.from(text, escapeOf).join('')
}
