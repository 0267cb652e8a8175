// What redis-benchmark runs by default, and what it leaves out of the families: each with the commands that prepare it.

import { connect } from './wire.ts'

export type FamilyTest = {
  name: string
  /** What redis-benchmark gets: `-t name`, or a command. */
  args: readonly string[]
  /** Commands to send before, in RESP. */
  prepare?: () => string
  /** Thousands of requests at P16; a P1 run takes a third. */
  thousands: number
}

type Word = string | number

function command(...words: Word[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${String(word).length}\r\n${word}\r\n`).join('')}`
}

const byName = (name: string, thousands: number): FamilyTest => ({ name, args: ['-t', name], thousands })

/** A command that adds `count` members under a key; `word` gives the words of each, by its number from `first` on. */
function members(name: string, key: string, count: number, first: number, word: (i: number) => Word[]): string {
  return command(name, key, ...Array.from({ length: count }, (_, i) => word(first + i)).flat())
}

const member = (i: number): string[] => [`member:${i}`]

export const familyTests: readonly FamilyTest[] = [
  ...['ping_inline', 'ping_mbulk', 'set', 'get', 'incr', 'lpush', 'rpush', 'lpop', 'rpop', 'sadd', 'hset', 'spop',
    'zadd', 'zpopmin'].map((name) => byName(name, 500)),
  byName('lrange_100', 60), byName('lrange_300', 30), byName('lrange_500', 20), byName('lrange_600', 20),
  byName('mset', 150),
  {
    name: 'zadd random', args: ['ZADD', 'z', '__rand_int__', 'member:__rand_int__'], thousands: 300,
  },
  {
    name: 'zrange 0 9', args: ['ZRANGE', 'zr', '0', '9'], thousands: 300,
    prepare: () => members('ZADD', 'zr', 1000, 0, (i) => [i, `member:${i}`]),
  },
  {
    name: 'hset random', args: ['HSET', 'h', 'field:__rand_int__', 'value'], thousands: 300,
  },
  {
    name: 'hgetall of 20', args: ['HGETALL', 'hg'], thousands: 150,
    prepare: () => members('HSET', 'hg', 20, 0, (i) => [`field:${i}`, 'v'.repeat(20 + i)]),
  },
  {
    name: 'sinter of 2 × 10 k', args: ['SINTER', 's1', 's2'], thousands: 0.6,
    prepare: () => members('SADD', 's1', 10_000, 0, member) + members('SADD', 's2', 10_000, 5_000, member),
  },
  {
    name: 'eval of a small script', args: ['EVAL', "return redis.call('SET',KEYS[1],ARGV[1])", '1', 'e', 'value'],
    thousands: 200,
  },
  {
    name: 'bitcount of 4 KiB', args: ['BITCOUNT', 'b'], thousands: 200,
    prepare: () => command('SETRANGE', 'b', 0, 'bits'.repeat(1024)),
  },
  { name: 'pfadd random', args: ['PFADD', 'p', 'element:__rand_int__'], thousands: 300 },
]

/** Empties the server and prepares it for a test. */
export async function prepareFamily(port: number, test: FamilyTest): Promise<void> {
  const wire = await connect(port)
  await wire.send(command('FLUSHALL'), 1)
  const bytes = test.prepare?.() ?? ''
  const replies = bytes.split(/(?<=\r\n)(?=\*\d+\r\n)/).filter((part) => part !== '').length
  if (replies > 0) await wire.send(bytes, replies)
  wire.close()
}
