// An engine used as a cache of a bounded size, driven without commands; and the access pattern that caches are judged by.
import { Arena } from '../../../core/arena/arena.ts'
import { manualClock, type ManualClock } from '../../../core/clock.ts'
import { Engine } from '../../../core/engine.ts'
import type { MemoryPolicy } from '../../../core/keyspace/evict.ts'
import { nullLog } from '../../../core/log/log.ts'
import { seededRandom } from '../../../core/random.ts'
import { systemSession } from '../../../core/session.ts'
import { setString } from '../../../core/types/string.ts'

const value = Buffer.alloc(200, 'v')

export type Cache = {
  engine: Engine
  clock: ManualClock
  /** Reads the key; true when it was there. */
  get: (key: string) => boolean
  /** Stores the key, with a deadline `ttlMs` from now if given, and evicts what is too much. */
  put: (key: string, ttlMs?: number) => void
  has: (key: string) => boolean
  evicted: string[]
}

/** `keys`: about how many keys of 200 bytes it holds. */
export function cache(policy: MemoryPolicy, keys: number, seed: number): Cache {
  const clock = manualClock(1_700_000_000_000)
  const engine = new Engine({ clock, random: seededRandom(seed), log: nullLog(), arena: new Arena() })
  const evicted: string[] = []
  engine.setMemoryPolicy(policy)
  engine.session = { ...systemSession(), noTouch: false }
  const client = engine.session
  engine.onEvent = (kind, event, _db, buf, from, to) => {
    if (kind === 'e' && event === 'evicted') evicted.push(Buffer.from(buf.subarray(from, to)).toString())
  }
  engine.settings.memoryBytesMax = engine.arena.usedBytes + keys * 250
  const find = (key: string, read: boolean): [number, Buffer, number] => {
    engine.session = client
    engine.beginTurn()
    const bytes = Buffer.from(key)
    const hash = engine.db.hash(bytes, 0, bytes.length)
    const entry = read ? engine.db.lookupRead(bytes, 0, bytes.length, hash) : engine.db.find(bytes, 0, bytes.length, hash)
    return [entry, bytes, hash]
  }
  return {
    engine, clock, evicted,
    get: (key) => find(key, true)[0] !== 0,
    has: (key) => find(key, false)[0] !== 0,
    put(key, ttlMs) {
      const [, bytes, hash] = find(key, false)
      setString(engine.db, bytes, 0, bytes.length, hash, value, 0, value.length)
      if (ttlMs !== undefined) {
        engine.db.setDeadline(engine.db.find(bytes, 0, bytes.length, hash), hash, engine.now + ttlMs)
      }
      engine.evictor.relieve()
    },
  }
}

/** Draws from `count` things, the n-th with a probability like 1 / n^skew. */
export function zipf(count: number, skew: number, seed: number): { draw: () => number, share: (best: number) => number } {
  const random = seededRandom(seed)
  const sums = new Float64Array(count)
  let sum = 0
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1) ** skew
  return {
    draw() {
      const at = (random.u32() / 0x100000000) * sum
      let low = 0
      let high = count - 1
      while (low < high) {
        const middle = (low + high) >>> 1
        if (sums[middle]! > at) high = middle
        else low = middle + 1
      }
      return low
    },
    share: (best) => sums[best - 1]! / sum,
  }
}
