import test from 'ava'
import fc from 'fast-check'
import { headers, type MsgHdrs } from 'nats'
import { headerNames, Malformed, toFields, toMessage, type Headers } from '../../../consumers/bridge/fields.ts'
import { filterOfGlob, fromSubject, isSubject, toSubject } from '../../../consumers/bridge/names.ts'
import { globMatch } from '../../../core/keyspace/glob.ts'
import { scale } from '../../scale.ts'

const bytes = fc.uint8Array({ maxLength: 40 }).map((list) => Buffer.from(list))
const awkward = fc.array(
  fc.constantFrom('.', '..', ' ', '*', '>', '%', '%41', '\r\n', '$JS', '_INBOX', 'a', 'ä', '\u{1F600}', '\0', '\x7f', '\u00a0'),
  { maxLength: 8 },
).map((words) => Buffer.from(words.join('')))
const name = fc.oneof(bytes, awkward, fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)))
const options = { seed: scale.seed, numRuns: 2000 }

/** A filter of NATS, naively. */
function filterTakes(filter: string, subject: string): boolean {
  const [left, right] = [filter.split('.'), subject.split('.')]
  if (left.at(-1) !== '>') return filter === subject
  return right.length >= left.length && left.slice(0, -1).every((token, i) => token === right[i])
}

test('any name is one valid subject, and comes back', (t) => {
  fc.assert(fc.property(name, (bytesOfName) => {
    const subject = toSubject(bytesOfName)
    t.true(isSubject(subject, false), JSON.stringify(subject))
    t.false(/^\$|^_INBOX(\.|$)/.test(subject))
    t.deepEqual(fromSubject(subject), bytesOfName)
  }), options)
})

test('each byte alone, first, last and between tokens', (t) => {
  for (let c = 0; c < 256; c++) {
    for (const list of [[c], [c, 97], [97, c], [97, 46, c], [c, 46, 97], [97, c, 97]]) {
      const subject = toSubject(Buffer.from(list))
      t.true(isSubject(subject, false), `${list}: ${subject}`)
      t.deepEqual(fromSubject(subject), Buffer.from(list))
    }
  }
})

test('different names have different subjects; subjects without % stand for themselves', (t) => {
  fc.assert(fc.property(name, name, (a, b) => {
    t.is(a.equals(b), toSubject(a) === toSubject(b))
  }), options)
  for (const subject of ['orders', 'orders.eu:1', 'größe.α', 'a-b_c/d@e', 'x.$SYS']) {
    t.is(toSubject(fromSubject(subject)), subject)
    t.is(fromSubject(subject).toString(), subject)
  }
  t.is(fromSubject('50%.%zz.%4').toString('latin1'), '50%.%zz.%4')
  t.is(toSubject(Buffer.from('a b..c')), 'a%20b.%.c')
  t.is(toSubject(Buffer.from('$SYS.x')), '%24SYS.x')
})

test('the filter of a glob pattern takes all that the pattern matches', (t) => {
  const part = fc.constantFrom('a', 'b', '.', '.', '*', '?', '[ab]', '\\*', 'ä', '%', ' ')
  const patterns = fc.array(part, { maxLength: 6 }).map((words) => Buffer.from(words.join('')))
  const letters = fc.array(fc.constantFrom('a', 'b', '.', 'ä', '%', ' ', '*', '\xff'), { maxLength: 6 })
  let matched = 0
  fc.assert(fc.property(patterns, letters.map((words) => Buffer.from(words.join(''), 'utf8')), (pattern, channel) => {
    if (!globMatch(pattern, 0, pattern.length, channel, 0, channel.length)) return
    matched++
    t.true(filterTakes(filterOfGlob(pattern), toSubject(channel)), `${pattern} ${channel}`)
  }), { ...options, numRuns: 20_000 })
  t.true(matched > 200, String(matched))
  t.is(filterOfGlob(Buffer.from('orders.eu')), 'orders.eu')
  t.is(filterOfGlob(Buffer.from('orders.e*')), 'orders.>')
  t.is(filterOfGlob(Buffer.from('*')), '>')
})

/** What the client library makes of headers on their way. */
function travelled(list: Headers): Headers {
  const sent = headers() as MsgHdrs & { encode(): Uint8Array, constructor: { decode(bytes: Uint8Array): MsgHdrs } }
  for (const [key, value] of list) sent.append(key, value)
  const got = sent.constructor.decode(sent.encode())
  return [...got].flatMap(([key, values]) => values.map((value): [string, string] => [key, value]))
}

const known = fc.constantFrom('data', 'task', 'Nats-Msg-Id', 'nats-rollup', 'Millrace-Fields', '@data', ',', 'traceparent')
const fieldName = fc.oneof(name, known.map((text) => Buffer.from(text)))
const entry = fc.array(fc.tuple(fieldName, name), { minLength: 1, maxLength: 6 }).map((pairs) => pairs.flat())

test('fields come back from the message they became, in their order, whatever bytes they hold', (t) => {
  fc.assert(fc.property(entry, (fields) => {
    const message = toMessage(fields)
    t.true(message.headers.every(([key]) => !/^nats-/i.test(key)))
    t.deepEqual(toFields({ headers: travelled(message.headers), payload: message.payload }), fields)
  }), options)
})

test('fields that are too long for headers come back from the payload', (t) => {
  const long = ['data', 'payload', 'long', 'x'.repeat(40_000), 'traceparent', '00-abc-def-01', 'empty', '']
    .map((text) => Buffer.from(text))
  const message = toMessage(long)
  t.deepEqual(message.headers, [[headerNames.packed, '1'], ['traceparent', '00-abc-def-01']])
  t.deepEqual(toFields({ headers: travelled(message.headers), payload: message.payload }), long)
  const many = Array.from({ length: 20_000 }, (_, i) => Buffer.from(`n${i}`))
  t.deepEqual(toFields(toMessage(many)), many)
})

test('readable fields are readable headers', (t) => {
  const message = toMessage(['task', 'resize it', 'data', 'cat.png', 'traceparent', '00-1-2-01'].map((text) => Buffer.from(text)))
  t.deepEqual(message.headers, [['task', 'resize it'], ['traceparent', '00-1-2-01'], ['Millrace-Fields', 'task,@data,traceparent']])
  t.is(Buffer.from(message.payload).toString(), 'cat.png')
})

test("somebody else's message: its payload is the field data, its headers are fields as they are", (t) => {
  const fields = toFields({ headers: [['Nats-Msg-Id', '7'], ['x', '%41'], ['x', 'ü']], payload: Buffer.from('p') })
  t.deepEqual(fields.map(String), ['data', 'p', 'Nats-Msg-Id', '7', 'x', '%41', 'x', 'ü'])
})

test('messages that say what is not so are malformed', (t) => {
  const bad = (list: Headers, payload: string): void => {
    t.throws(() => toFields({ headers: list, payload: Buffer.from(payload) }), { instanceOf: Malformed })
  }
  bad([['Millrace-Fields', 'a,b'], ['a', '1']], '')
  bad([['Millrace-Fields', '']], '')
  bad([['Millrace-Packed', '1']], '')
  bad([['Millrace-Packed', '1']], '*999999998\r\n$1\r\na\r\n')
  bad([['Millrace-Packed', '1']], '*1\r\n$1\r\na\r\n')
  bad([['Millrace-Packed', '1']], '*2\r\n$1\r\na\r\n$1\r\nb\r\nmore')
})
