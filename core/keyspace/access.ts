// When a key was last used, or how often lately: 24 bits of its entry, which the memory policy reads.
//
//   most policies   │ seconds mod 2^24 of the last use (194 days)        │
//   LFU policies    │ minutes mod 2^16 of the last use │ counter, 8 bits │
//
// The counter is logarithmic, after Redis: the more it says, the less likely one more use raises it, and each
// `lfu-decay-time` minutes without a use take one from it. A fresh key begins with 5, lest it be the next to go.
// When the kind of policy changes, the fields of both kinds stand mixed until the keys were used again, as in Redis.

import type { Engine } from '../engine.ts'
import { accessOf, setAccess } from './entry.ts'

const freshCount = 5
const countMax = 255
const secondsMask = 0xffffff
const minutesMask = 0xffff
const msPerMinute = 60_000

/** Unix ms in minutes modulo 2^16. */
export function accessMinutes(ms: number): number {
  return Math.floor(ms / msPerMinute) & minutesMask
}

/** The field of a new key. */
export function freshAccess(engine: Engine): number {
  return engine.countsUse ? (accessMinutes(engine.now) << 8) | freshCount : engine.accessSeconds
}

/** The counter in an LFU field, less what it lost since the key was last used. */
export function decayedCount(engine: Engine, field: number): number {
  const count = field & countMax
  const { lfuDecayMinutes } = engine.settings
  if (lfuDecayMinutes === 0) return count
  const elapsed = (accessMinutes(engine.now) - (field >>> 8)) & minutesMask
  return Math.max(0, count - Math.floor(elapsed / lfuDecayMinutes))
}

/** An LFU field after one more use. */
export function countedAccess(engine: Engine, field: number): number {
  let count = decayedCount(engine, field)
  if (count < countMax) {
    const above = count < freshCount ? 0 : count - freshCount
    const odds = above * engine.settings.lfuLogFactor + 1
    if (odds === 1 || engine.random.u32() < 0x100000000 / odds) count++
  }
  return (accessMinutes(engine.now) << 8) | count
}

/** The key is used. */
export function noteAccess(engine: Engine, entry: number): void {
  const { arena } = engine
  if (!engine.countsUse) setAccess(arena, entry, engine.accessSeconds)
  else setAccess(arena, entry, countedAccess(engine, accessOf(arena, entry)))
}

/** Seconds since the key was last used; meaningless under an LFU policy. */
export function idleSeconds(engine: Engine, entry: number): number {
  return (engine.accessSeconds - accessOf(engine.arena, entry)) & secondsMask
}

/** How often the key was used lately, from 0 to 255 on the logarithmic scale; only under an LFU policy. */
export function useCount(engine: Engine, entry: number): number {
  return decayedCount(engine, accessOf(engine.arena, entry))
}

/** Makes the key idle for so many seconds (RESTORE IDLETIME), unless uses are counted. */
export function setIdleSeconds(engine: Engine, entry: number, seconds: number): void {
  if (engine.countsUse) return
  setAccess(engine.arena, entry, (engine.accessSeconds - Math.min(seconds, secondsMask)) & secondsMask)
}

/** Gives the key a count from 0 to 255 (RESTORE FREQ), if uses are counted. */
export function setUseCount(engine: Engine, entry: number, count: number): void {
  if (engine.countsUse) setAccess(engine.arena, entry, (accessMinutes(engine.now) << 8) | count)
}
