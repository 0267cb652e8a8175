// Glob patterns against a naive matcher, and against the corners of redis-server.
import fc from 'fast-check'
import test from 'ava'
import { globMatch } from '../../../core/keyspace/glob.ts'

function matches(pattern: string, text: string, noCase = false): boolean {
  const p = Buffer.from(`<<${pattern}>`, 'latin1')
  const s = Buffer.from(`[${text}]]`, 'latin1')
  return globMatch(p, 2, p.length - 1, s, 1, s.length - 2, noCase)
}

/** Elements of a pattern without open brackets, and what one character matches. */
type Element = { source: string; star: boolean; test: (c: string) => boolean }

const literal = fc.constantFrom('a', 'b', 'c').map((c): Element => ({ source: c, star: false, test: (d) => d === c }))
const escaped = fc.constantFrom('a', '*', '?', '[', '\\')
  .map((c): Element => ({ source: `\\${c}`, star: false, test: (d) => d === c }))
const any = fc.constant<Element>({ source: '?', star: false, test: () => true })
const star = fc.constant<Element>({ source: '*', star: true, test: () => true })
const set = fc.tuple(fc.boolean(), fc.uniqueArray(fc.constantFrom('a', 'b', '*', '\\\\'), { minLength: 1 }))
  .map(([not, members]): Element => ({
    source: `[${not ? '^' : ''}${members.join('')}]`, star: false,
    test: (c) => members.some((m) => m.at(-1) === c) !== not,
  }))
const range = fc.constantFrom('a-b', 'b-a', 'b-c').map((r): Element => ({
  source: `[${r}]`, star: false, test: (c) => r.includes('c') ? c === 'b' || c === 'c' : c === 'a' || c === 'b',
}))

function naive(elements: readonly Element[], text: string): boolean {
  const [first, ...rest] = elements
  if (first === undefined) return text === ''
  if (!first.star) return text !== '' && first.test(text[0]!) && naive(rest, text.slice(1))
  for (let i = 0; i <= text.length; i++) if (naive(rest, text.slice(i))) return true
  return false
}

test('patterns match as the naive matcher says', (t) => {
  fc.assert(fc.property(
    fc.array(fc.oneof(literal, literal, escaped, any, star, set, range), { maxLength: 7 }),
    fc.string({ unit: fc.constantFrom('a', 'b', 'c', '*', '\\', '['), minLength: 1, maxLength: 8 }),
    (elements, text) => {
      const pattern = elements.map((e) => e.source).join('')
      t.is(matches(pattern, text), naive(elements, text), JSON.stringify({ pattern, text }))
    }), { numRuns: 5000 })
})

test('corners are those of redis-server', (t) => {
  t.true(matches('', ''))
  t.false(matches('*', ''))
  t.false(matches('', 'a'))
  t.true(matches('**', 'a'))
  t.true(matches('[abc', 'b'))
  t.false(matches('[', '['))
  t.true(matches('[^', 'x'))
  t.false(matches('[]', ']'))
  t.true(matches('[^]', 'x'))
  t.true(matches('a\\', 'a\\'))
  t.true(matches('[\\]]', ']'))
  t.true(matches('[a-]', ']'))
  t.true(matches('[\x01-\x7f]', 'a'))
  t.false(matches('[\x01-\x7f]', '\x80'))
  t.true(matches('[\x7f-\x80]', '\x00'))
  t.true(matches('HeL[L-M]o', 'hEllO', true))
  t.false(matches('HELLO', 'hello'))
})

test('many stars take no exponential time', (t) => {
  t.false(matches(`${'a*'.repeat(2000)}c`, `${'a'.repeat(3000)}b`))
  t.true(matches(`${'a*'.repeat(2000)}b`, `${'a'.repeat(3000)}b`))
})
