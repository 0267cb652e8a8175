// What a bridge is: the words of `bridge <name> <kind> …` in a redis.conf and of BRIDGE ADD, read and checked.
//
//   channels   <pattern> [PREFIX subject] [DIRECTION both|out|in]
//   events     <pattern> [CLASSES letters] [PREFIX subject]
//   stream-out <key> [SUBJECT subject] [FROM id] [DB n] [INFLIGHT n] [CREATE stream] [SHARED] [DEADLETTER key]
//   stream-in  <stream> <key> [FILTER subject] [FROM first|new|sequence] [DB n] [MAXLEN n] [DEADLETTER key]
//
// Words are bytes; where a name of NATS is meant they are UTF-8.

import { logStreamKind } from '../../core/log-stream-name.ts'
import { parseId, StreamId } from '../../core/types/stream-id.ts'
import { percentDecoded, filterOfGlob, isSubject, subjectFits, toSubject } from './names.ts'
import { valueOf } from './fields.ts'
import { bridgeNameCharsMax, inFlightDefault, inFlightMax } from './limits.ts'

export type ChannelsBridge = {
  kind: 'channels', name: string, words: Words, pattern: Buffer, prefix: string, out: boolean, in: boolean
}
export type EventsBridge = {
  kind: 'events', name: string, words: Words, pattern: Buffer, classes: string, prefix: string
}
export type StreamOutBridge = {
  kind: 'stream-out', name: string, words: Words, key: Buffer, db: number, subject: string
  /** The entries behind this id; `$`: those that come after the bridge was made. */
  from: string
  inFlight: number
  /** The JetStream stream to make where none takes the subject. */
  create: string | undefined
  /** Others write to the JetStream stream, too. */
  shared: boolean
  deadLetter: Buffer
}
export type StreamInBridge = {
  kind: 'stream-in', name: string, words: Words, stream: string, key: Buffer, db: number
  filter: string | undefined
  from: 'first' | 'new' | number
  maxLength: number | undefined
  deadLetter: Buffer
}
export type Definition = ChannelsBridge | EventsBridge | StreamOutBridge | StreamInBridge
/** The words behind the name: the kind and what belongs to it. */
export type Words = readonly Buffer[]

/** Why the words make no bridge; the text of the error reply. */
export class Wrong extends Error {}

type Options = Map<string, Buffer>

/** The options of each kind; those with `false` take no value. */
const optionsOf: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  channels: { PREFIX: true, DIRECTION: true },
  events: { CLASSES: true, PREFIX: true },
  'stream-out': {
    SUBJECT: true, FROM: true, DB: true, INFLIGHT: true, CREATE: true, SHARED: false, DEADLETTER: true,
  },
  'stream-in': { FILTER: true, FROM: true, DB: true, MAXLEN: true, DEADLETTER: true },
}
/** How many words stand before the options. */
const placesOf: Readonly<Record<string, number>> = { channels: 1, events: 1, 'stream-out': 1, 'stream-in': 2 }
const eventClasses = 'g$lshzxetdmn'

/** The bridge that the words define, in a broker with so many databases. Throws Wrong. */
export function parseDefinition(name: string, words: Words, databases: number): Definition {
  if (!/^[\w-]+$/.test(name) || name.length > bridgeNameCharsMax) {
    throw new Wrong(`ERR a bridge's name has up to ${bridgeNameCharsMax} letters, digits, - and _`)
  }
  const kind = text(words[0]!).toLowerCase()
  const known = Object.hasOwn(optionsOf, kind) ? optionsOf[kind] : undefined
  if (known === undefined) {
    throw new Wrong(`ERR unknown kind of bridge '${shown(words[0]!)}': ${Object.keys(optionsOf).join(', ')}`)
  }
  const places = placesOf[kind]!
  if (words.length < places + 1) throw new Wrong(`ERR wrong number of arguments for a bridge of kind '${kind}'`)
  const [first, second] = [words[1]!, words[2]!]
  const options = readOptions(kind, words.slice(places + 1), known)
  const common = { name, words }
  switch (kind) {
    case 'channels': return channels(common, first, options)
    case 'events': return events(common, first, options)
    case 'stream-out': return streamOut(common, first, options, databases)
    default: return streamIn(common, first, second, options, databases)
  }
}

/** The words on one line, as BRIDGE LIST shows them and the log keeps them; `readWords` reads it. */
export function wordsText(words: Words): string {
  return words.map((word) => (word.length === 0 ? '%' : valueOf(word).replaceAll(' ', '%20'))).join(' ')
}

export function readWords(line: string): Words {
  return line.split(' ').map((word) => (word === '%' ? Buffer.alloc(0) : percentDecoded(word)))
}

function readOptions(kind: string, words: Words, known: Readonly<Record<string, boolean>>): Options {
  const options: Options = new Map()
  for (let i = 0; i < words.length; i++) {
    const option = text(words[i]!).toUpperCase()
    if (known[option] === undefined) {
      throw new Wrong(`ERR a bridge of kind '${kind}' has no option '${shown(words[i]!)}'`)
    }
    if (options.has(option)) throw new Wrong(`ERR the option ${option} stands twice`)
    if (known[option] && i + 1 === words.length) throw new Wrong(`ERR the option ${option} needs a value`)
    options.set(option, known[option] ? words[++i]! : Buffer.alloc(0))
  }
  return options
}

type Common = { name: string, words: Words }

function channels(common: Common, pattern: Buffer, options: Options): ChannelsBridge {
  const direction = text(options.get('DIRECTION') ?? Buffer.from('both')).toLowerCase()
  if (!['both', 'out', 'in'].includes(direction)) throw new Wrong('ERR DIRECTION is both, out or in')
  const prefix = subject(options, 'PREFIX', '', false)
  const incoming = direction !== 'out'
  const filter = filterOfGlob(pattern)
  // A longer line would end the connection that all bridges share.
  if (incoming && !subjectFits(`${prefix}.${filter}`)) throw new Wrong('ERR the pattern is too long for a subject')
  if (incoming && prefix === '' && filter === '>') {
    throw new Wrong('ERR such a pattern would take all subjects: give it a PREFIX, or DIRECTION out')
  }
  return { ...common, kind: 'channels', pattern, prefix, out: direction !== 'in', in: incoming }
}

function events(common: Common, pattern: Buffer, options: Options): EventsBridge {
  const classes = text(options.get('CLASSES') ?? Buffer.from('A')).replaceAll('A', 'g$lshzxetd')
  if (classes === '' || [...classes].some((c) => !eventClasses.includes(c))) {
    throw new Wrong(`ERR CLASSES are letters of 'A${eventClasses}', as in notify-keyspace-events`)
  }
  return { ...common, kind: 'events', pattern, classes, prefix: subject(options, 'PREFIX', 'keyevents', false) }
}

function streamOut(common: Common, key: Buffer, options: Options, databases: number): StreamOutBridge {
  const from = text(options.get('FROM') ?? Buffer.from('0-0'))
  const id = new StreamId()
  if (from !== '$' && parseId(Buffer.from(from), 0, from.length, id) === 'invalid') {
    throw new Wrong('ERR FROM is an entry id or $')
  }
  noLogStream(key)
  const own = toSubject(key)
  if (!subjectFits(own) && !options.has('SUBJECT')) {
    throw new Wrong('ERR the key is too long for a subject: give SUBJECT')
  }
  return {
    ...common, kind: 'stream-out', key, db: database(options, databases),
    subject: subject(options, 'SUBJECT', own, false),
    from: from === '$' ? '$' : id.toString(),
    inFlight: integer(options, 'INFLIGHT', 1, inFlightMax) ?? inFlightDefault,
    create: options.has('CREATE') ? streamName(options.get('CREATE')!) : undefined,
    shared: options.has('SHARED'),
    deadLetter: options.get('DEADLETTER') ?? Buffer.from(deadLetterKey(common.name)),
  }
}

function streamIn(
  common: Common, stream: Buffer, key: Buffer, options: Options, databases: number,
): StreamInBridge {
  const from = text(options.get('FROM') ?? Buffer.from('first')).toLowerCase()
  const sequence = from === 'first' || from === 'new' ? from : number(from, 1, Number.MAX_SAFE_INTEGER)
  if (sequence === undefined) throw new Wrong('ERR FROM is first, new or a sequence from 1 on')
  noLogStream(key)
  const filter = options.has('FILTER') ? subject(options, 'FILTER', '', true) : undefined
  return {
    ...common, kind: 'stream-in', stream: streamName(stream), key, db: database(options, databases), filter,
    from: sequence,
    maxLength: integer(options, 'MAXLEN', 0, Number.MAX_SAFE_INTEGER),
    deadLetter: options.get('DEADLETTER') ?? Buffer.from(deadLetterKey(common.name)),
  }
}

/** The bridge writes to the log, and would feed itself. */
function noLogStream(key: Buffer): void {
  if (logStreamKind(key, 0, key.length) !== undefined) throw new Wrong('ERR the streams of the log are not bridged')
}

function deadLetterKey(name: string): string {
  return `millrace:bridge:${name}:dead`
}

function subject(options: Options, option: string, usual: string, wild: boolean): string {
  const given = options.get(option)
  if (given === undefined) return usual
  const wanted = given.toString()
  if (!isSubject(wanted, wild) || !Buffer.from(wanted).equals(given)) {
    throw new Wrong(`ERR ${option} is no subject${wild ? '' : ' without wildcards'}`)
  }
  if (wanted.startsWith('$')) throw new Wrong(`ERR ${option} is a subject that NATS keeps for itself`)
  return wanted
}

function streamName(word: Buffer): string {
  const name = text(word)
  if (!/^[!-~]{1,255}$/.test(name) || /[*.>/\\]/.test(name)) {
    throw new Wrong(`ERR '${shown(word)}' is no name of a JetStream stream`)
  }
  return name
}

function database(options: Options, databases: number): number {
  return integer(options, 'DB', 0, databases - 1) ?? 0
}

function integer(options: Options, option: string, min: number, max: number): number | undefined {
  const word = options.get(option)
  if (word === undefined) return undefined
  const value = number(text(word), min, max)
  if (value === undefined) throw new Wrong(`ERR ${option} is a number from ${min} to ${max}`)
  return value
}

function number(word: string, min: number, max: number): number | undefined {
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(word) ? Number(word) : NaN
  return value >= min && value <= max ? value : undefined
}

function text(word: Buffer): string {
  return word.toString('latin1')
}

function shown(word: Buffer): string {
  return valueOf(word.subarray(0, 128))
}
