// How long one client waits at most while the server does something large for another: a million keys that are due in
// the same second, the end of a set of millions, KEYS over a million.

import { connect } from './wire.ts'
import type { Wire } from './wire.ts'

export const stalls = [
  'expiry of all keys at once', 'UNLINK of a large set', 'DEL of a large set', 'KEYS of all keys',
] as const
export type Stall = (typeof stalls)[number]

const batch = 1000
/** What must be over before the probe ends, and how long it goes on at least. */
const watchMs = 1500
const ping = '*1\r\n$4\r\nPING\r\n'

function command(...words: (string | number)[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${String(word).length}\r\n${word}\r\n`).join('')}`
}

async function sendAll(wire: Wire, count: number, one: (i: number) => string): Promise<void> {
  for (let from = 0; from < count; from += batch) {
    let bytes = ''
    for (let i = from; i < from + batch; i++) bytes += one(i)
    await wire.send(bytes, batch)
  }
}

/** Asks PING after PING for `ms`, and then until `over`; returns the longest wait in ms. */
async function longestWait(port: number, ms: number, over: () => boolean): Promise<number> {
  const wire = await connect(port)
  const until = performance.now() + ms
  let longest = 0
  while (performance.now() < until || !over()) {
    const since = performance.now()
    await wire.send(ping, 1)
    longest = Math.max(longest, performance.now() - since)
    await new Promise((resolve) => setImmediate(resolve))
  }
  wire.close()
  return longest
}

/** The longest wait in ms of a client that only asks PING; `scale` shrinks what there is: 1 M keys, 5 M members. */
export async function longestStall(port: number, stall: Stall, scale: number): Promise<number> {
  const wire = await connect(port)
  await wire.send(command('FLUSHALL'), 1)
  const keys = 1_000_000 * scale
  if (stall === 'expiry of all keys at once') {
    // So far ahead that all are there in time.
    const due = Date.now() + 4000 + 20_000 * scale
    await sendAll(wire, keys, (i) => command('SET', `key:${i}`, 'value', 'PXAT', due + i % 1000))
    const waited = await longestWait(port, due - Date.now() + 1000 + watchMs, () => true)
    wire.close()
    return waited
  }
  const ofKeys = stall === 'KEYS of all keys'
  if (ofKeys) await sendAll(wire, keys, (i) => command('SET', `key:${i}`, 'value'))
  else await sendAll(wire, keys * 5, (i) => command('SADD', 'set', `member:${i}`))
  let done = false
  const long = ofKeys ? command('KEYS', 'nothing*') : command(stall.slice(0, stall.indexOf(' ')), 'set')
  const probe = longestWait(port, watchMs, () => done)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await wire.send(long, 1)
  done = true
  const waited = await probe
  wire.close()
  return waited
}
