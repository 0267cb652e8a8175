import test from 'ava'
import fc from 'fast-check'
import { Args, encodeCommand } from '../../../core/args.ts'
import { found, RequestParser } from '../../../broker/resp/request-parser.ts'

const bounds = { protoMaxBulkLen: 512 * 1024 * 1024 }

function parser(): RequestParser {
  return new RequestParser(bounds, new Args())
}

function encode(words: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)]
  for (const word of words) parts.push(Buffer.from(`$${word.length}\r\n`), word, Buffer.from('\r\n'))
  return Buffer.concat(parts)
}

/** All commands of the chunks, as lists of latin1 words; an error is the last element. */
function parse(p: RequestParser, chunks: readonly Buffer[]): (string[] | string)[] {
  const out: (string[] | string)[] = []
  for (const chunk of chunks) {
    p.feed(chunk, chunk.length)
    for (;;) {
      const state = p.next()
      if (state === found.nothing) break
      if (state === found.error) return [...out, p.error]
      out.push(Array.from({ length: p.args.count }, (_, i) => p.args.text(i)))
    }
    p.keep()
    // The next read overwrites what was lent.
    chunk.fill(0xff)
  }
  return out
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((c) => c % (bytes.length + 1)))].toSorted((a, b) => a - b)
  const chunks: Buffer[] = []
  let from = 0
  for (const to of [...places, bytes.length]) {
    // Each chunk in memory of its own, as sockets give them.
    chunks.push(Buffer.from(bytes.subarray(from, to)))
    from = to
  }
  return chunks.filter((chunk) => chunk.length > 0)
}

const word = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 100_000 }).map((n) => new Uint8Array(n).fill(n & 255)) },
)
const commands = fc.array(fc.array(word, { minLength: 1, maxLength: 6 }), { maxLength: 12 })

test('any split of the bytes gives the same commands', (t) => {
  fc.assert(fc.property(commands, fc.array(fc.nat(), { maxLength: 30 }), (list, cuts) => {
    const bytes = Buffer.concat(list.map((words) => encode(words)))
    const expected = list.map((words) => words.map((w) => Buffer.from(w).toString('latin1')))
    t.deepEqual(parse(parser(), cut(bytes, cuts)), expected)
  }), { numRuns: 200 })
})

test('a command byte by byte is framed, raw bytes and all', (t) => {
  const p = parser()
  const bytes = encode([Buffer.from('SET'), Buffer.from('key'), Buffer.alloc(40_000, 120)])
  for (let i = 0; i < bytes.length; i++) {
    p.feed(bytes.subarray(i, i + 1), 1)
    const state = p.next()
    p.keep()
    t.is(state, i === bytes.length - 1 ? found.command : found.nothing)
  }
  t.deepEqual(encodeCommand(p.args), bytes)
  t.true(p.args.rawStart >= 0)
  t.is(p.next(), found.nothing)
  t.is(p.bufferedBytes, 0)
})

test('commands keep their order when a client is halted between any two of them', (t) => {
  const runCounts = fc.infiniteStream(fc.nat({ max: 2 }))
  fc.assert(fc.property(commands, fc.array(fc.nat(), { maxLength: 5 }), runCounts, (list, cuts, runs) => {
    const p = parser()
    const got: string[][] = []
    const run = (): boolean => {
      const there = p.next() === found.command
      if (there) got.push(Array.from({ length: p.args.count }, (_, i) => p.args.text(i)))
      return there
    }
    for (const chunk of list.flatMap((words) => cut(encode(words), cuts))) {
      p.feed(chunk, chunk.length)
      for (let left = runs.next().value as number; left > 0; left--) run()
      p.keep()
      chunk.fill(0xff)
    }
    while (run()) continue
    t.deepEqual(got, list.map((words) => words.map((w) => Buffer.from(w).toString('latin1'))))
    t.is(p.bufferedBytes, 0)
  }), { numRuns: 200 })
})

test('mixed inline and array commands in any split', (t) => {
  const text = 'PING\r\n*1\r\n$4\r\nPING\r\n\r\n*0\r\n*-1\r\n  set "a b" \'c\' \r\nget \\x\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n'
  const expected = [['PING'], ['PING'], ['set', 'a b', 'c'], ['get', '\\x'], ['GET', '']]
  fc.assert(fc.property(fc.array(fc.nat(), { maxLength: 20 }), (cuts) => {
    t.deepEqual(parse(parser(), cut(Buffer.from(text), cuts)), expected)
  }), { numRuns: 300 })
})

test('inline quoting follows redis-cli', (t) => {
  const lines: [string, string[] | string][] = [
    ['a  b\tc', ['a', 'b', 'c']],
    ['"a\\nb" "\\x41\\x4a" "\\q\\""', ['a\nb', 'AJ', 'q"']],
    ["'it\\'s' '\\n'", ["it's", '\\n']],
    ['x"y"z', 'ERR Protocol error: unbalanced quotes in request'],
    ['x"y"', ['xy']],
    ['"open', 'ERR Protocol error: unbalanced quotes in request'],
    ["'open", 'ERR Protocol error: unbalanced quotes in request'],
    ['"" x', ['', 'x']],
  ]
  for (const [line, expected] of lines) t.deepEqual(parse(parser(), [Buffer.from(`${line}\r\n`)]), [expected], line)
})

test('protocol errors have the words of Redis', (t) => {
  const big = 'x'.repeat(70_000)
  const table: [string, string][] = [
    ['*x\r\n', 'invalid multibulk length'],
    ['*03\r\n', 'invalid multibulk length'],
    ['*2147483648\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*1\r\nfoo\r\n', "expected '$', got 'f'"],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$04\r\nPING\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    [big, 'too big inline request'],
    [`*${big}`, 'too big mbulk count string'],
    [`*1\r\n$${big}`, 'too big bulk count string'],
  ]
  for (const [bytes, error] of table) {
    for (const cuts of [[], [1], [3, 5], [2, 60_000]]) {
      t.deepEqual(parse(parser(), cut(Buffer.from(bytes), cuts)), [`ERR Protocol error: ${error}`], bytes.slice(0, 30))
    }
  }
})

test('who has not authenticated may not send much', (t) => {
  const p = parser()
  p.stranger = true
  t.deepEqual(parse(p, [Buffer.from('*11\r\n')]), ['ERR Protocol error: unauthenticated multibulk length'])
  const q = parser()
  q.stranger = true
  t.deepEqual(parse(q, [Buffer.from('*1\r\n$16385\r\n')]), ['ERR Protocol error: unauthenticated bulk length'])
  const ok = parser()
  ok.stranger = true
  t.deepEqual(parse(ok, [Buffer.from('*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n')]), [['AUTH', 'x']])
})

test('what only a lenient reader takes does not pass as raw bytes', (t) => {
  for (const bytes of ['*1\rX$4\r\nPING\r\n', '*1\r\n$4\rXPING\r\n', '*1\r\n$4\r\nPINGxx']) {
    const p = parser()
    t.deepEqual(parse(p, [Buffer.from(bytes)]), [['PING']])
    t.is(p.args.rawStart, -1)
  }
})

test('a big value is gathered in a buffer of its own size, whatever else was sent with it', (t) => {
  const p = parser()
  const value = Buffer.alloc(8 << 20, 7)
  const bytes = Buffer.concat([encode([Buffer.from('SET'), Buffer.from('k'), value]), encode([Buffer.from('PING')])])
  const got: number[] = []
  for (let at = 0; at < bytes.length; at += 65536) {
    const chunk = Buffer.from(bytes.subarray(at, at + 65536))
    p.feed(chunk, chunk.length)
    while (p.next() === found.command) {
      got.push(p.args.count)
      if (p.args.count === 3) {
        t.true(p.args.buf.length < value.length + 70_000)
        t.true(p.args.copy(2).equals(value))
      }
    }
  }
  t.deepEqual(got, [3, 1])
})

test('a million arguments in small pieces are framed without starting anew', (t) => {
  const count = 300_000
  const bytes = encode(Array.from({ length: count }, (_, i) => Buffer.from(String(i))))
  const p = parser()
  let commands = 0
  for (let at = 0; at < bytes.length; at += 700) {
    p.feed(bytes.subarray(at, at + 700), Math.min(700, bytes.length - at))
    if (p.next() === found.command) commands++
  }
  t.is(commands, 1)
  t.is(p.args.count, count)
  t.is(p.args.text(count - 1), String(count - 1))
})

test('looking ahead names the first arguments of the commands that follow, and changes nothing', (t) => {
  const room = 8
  fc.assert(fc.property(commands, fc.array(fc.nat(), { maxLength: 5 }), (list, cuts) => {
    const expected = list.map((words) => words.map((w) => Buffer.from(w).toString('latin1')))
    const p = parser()
    const ahead = new Args()
    const from = new Int32Array(room)
    const to = new Int32Array(room)
    const seen: string[][] = []
    for (const chunk of cut(Buffer.concat(list.map((words) => encode(words))), cuts)) {
      p.feed(chunk, chunk.length)
      for (;;) {
        const n = p.peek(ahead, from, to)
        const names = Array.from({ length: n }, (_, i) => ahead.buf.toString('latin1', from[i]!, to[i]!))
        const coming = expected.slice(seen.length, seen.length + n).map((words) => words[1] ?? words[0]!)
        t.deepEqual(names, coming)
        if (p.next() === found.nothing) break
        seen.push(Array.from({ length: p.args.count }, (_, i) => p.args.text(i)))
      }
      p.keep()
    }
    t.deepEqual(seen, expected)
  }), { numRuns: 200 })
})
