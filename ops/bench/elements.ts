// What an element of a collection takes, by resident memory: many small collections, and a single large one.

import { connect } from './wire.ts'
import type { Contestant } from './contestants.ts'

export type Shape = 'small' | 'large'

const smallElements = 20
const batch = 1000

/** Commands that add element i, of 16 bytes, to a collection. */
const adders = {
  list: (key: string, element: string) => ['RPUSH', key, element],
  hash: (key: string, element: string) => ['HSET', key, element, `value:${element}`],
  set: (key: string, element: string) => ['SADD', key, element],
  zset: (key: string, element: string, i: number) => ['ZADD', key, String(i * 7 % 1_000_003), element],
  stream: (key: string, element: string) => ['XADD', key, '*', 'job', element],
} as const

export type Collection = keyof typeof adders
export const collections = Object.keys(adders) as Collection[]

/** Bytes of resident memory for each of `count` elements. */
export async function bytesPerElement(
  contestant: Contestant, collection: Collection, shape: Shape, count: number,
): Promise<number> {
  await fillElements(contestant.port, collection, shape, batch)
  const wire = await connect(contestant.port)
  await wire.send('*1\r\n$8\r\nFLUSHALL\r\n', 1)
  wire.close()
  await settle()
  const before = contestant.residentBytes()
  await fillElements(contestant.port, collection, shape, count)
  await settle()
  return (contestant.residentBytes() - before) / count
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000))
}

async function fillElements(port: number, collection: Collection, shape: Shape, count: number): Promise<void> {
  const wire = await connect(port)
  const adder = adders[collection]
  for (let from = 0; from < count; from += batch) {
    const parts: string[] = []
    for (let i = from; i < from + batch; i++) {
      const key = shape === 'large' ? collection : `${collection}:${Math.floor(i / smallElements)}`
      const words = adder(key, `element:${String(i).padStart(8, '0')}`, i)
      parts.push(`*${words.length}\r\n`, ...words.map((word) => `$${word.length}\r\n${word}\r\n`))
    }
    await wire.send(parts.join(''), batch)
  }
  wire.close()
}
