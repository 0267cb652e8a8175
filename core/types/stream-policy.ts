// The policy of a consumer group: when what is pending is delivered again, how often, in which order, and what becomes
// of it then. The block also holds the roots of what follows from it for pending entries (stream-plan.ts).
//
//   policy   ┌ most deliveries │ lease ms ×2 │ backoff ms ×2 │ its most ×2 │ its factor in thousandths │ reap ms ×2 │
//            │ keeps │ dead letter (bytes) │ ordered by (bytes) │ again (Tree) │ spent (Tree) │ keys (names) │ held │
//            │ woken ms ×2 │ reap at ms ×2 ┐
//   bytes    ┌ length │ bytes … ┐
//
// When waiting readers were woken, and when consumers are looked at next, is no data: it begins anew with a start.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'

/** Stands for the most deliveries that Redis counts, 2^63 − 1: an entry given up for good. */
export const deliveriesMax = 0xffffffff

/** 0 and undefined: nothing of the kind was asked for. */
export type Policy = {
  deliveriesMax: number
  leaseMs: number
  backoffMs: number
  backoffMaxMs: number
  /** From one delivery to the next; at least 1, three digits behind the point. */
  backoffFactor: number
  /** Stream that gets what was delivered often enough. */
  deadLetter: Buffer | undefined
  /** A consumer that was not seen for so long is dead. */
  reapMs: number
  /** Field whose value is an entry's key: of each key only one entry is out at a time. */
  ordered: Buffer | undefined
  /** Trimming leaves what the group has not acknowledged. */
  keepsUnacked: boolean
}

export const noPolicy: Policy = {
  deliveriesMax: 0, leaseMs: 0, backoffMs: 0, backoffMaxMs: 0, backoffFactor: 2, deadLetter: undefined, reapMs: 0,
  ordered: undefined, keepsUnacked: false,
}

export function isSamePolicy(one: Policy | undefined, other: Policy | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return isSameName(one.deadLetter, other.deadLetter) && isSameName(one.ordered, other.ordered) &&
    one.deliveriesMax === other.deliveriesMax && one.leaseMs === other.leaseMs && one.backoffMs === other.backoffMs &&
    one.backoffMaxMs === other.backoffMaxMs && one.backoffFactor === other.backoffFactor &&
    one.reapMs === other.reapMs && one.keepsUnacked === other.keepsUnacked
}

function isSameName(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other)
}

// Words of the block.
const at = {
  deliveriesMax: 0, leaseMs: 1, backoffMs: 3, backoffMaxMs: 5, factor: 7, reapMs: 8, keeps: 10, deadLetter: 11,
  ordered: 12, woken: 17, reapAt: 19,
} as const
/** Words of the roots below it. */
export const planWords = { again: 13, spent: 14, keys: 15, held: 16 } as const
const policyWords = 21
const two32 = 0x100000000

export class Policies {
  readonly arena: Arena

  constructor(arena: Arena) {
    this.arena = arena
  }

  create(policy: Policy): number {
    const block = this.arena.alloc(policyWords * 4)
    this.arena.u32[chunkOf(block)]!.fill(0, wordOf(block), wordOf(block) + policyWords)
    this.write(block, policy)
    return block
  }

  private write(block: number, policy: Policy): void {
    this.setWord(block, at.deliveriesMax, policy.deliveriesMax)
    this.setMs(block, at.leaseMs, policy.leaseMs)
    this.setMs(block, at.backoffMs, policy.backoffMs)
    this.setMs(block, at.backoffMaxMs, policy.backoffMaxMs)
    this.setWord(block, at.factor, Math.round(policy.backoffFactor * 1000))
    this.setMs(block, at.reapMs, policy.reapMs)
    this.setWord(block, at.keeps, policy.keepsUnacked ? 1 : 0)
    this.setWord(block, at.deadLetter, this.store(policy.deadLetter))
    this.setWord(block, at.ordered, this.store(policy.ordered))
  }

  read(block: number): Policy {
    return {
      deliveriesMax: this.word(block, at.deliveriesMax),
      leaseMs: this.leaseMs(block),
      backoffMs: this.ms(block, at.backoffMs),
      backoffMaxMs: this.ms(block, at.backoffMaxMs),
      backoffFactor: this.word(block, at.factor) / 1000,
      deadLetter: this.deadLetter(block),
      reapMs: this.reapMs(block),
      ordered: this.ordered(block),
      keepsUnacked: this.keepsUnacked(block),
    }
  }

  /** Frees the block and its names; the roots in it are the caller's. */
  free(block: number): void {
    for (const word of [at.deadLetter, at.ordered]) {
      if (this.word(block, word) !== 0) this.arena.free(this.word(block, word))
    }
    this.arena.free(block)
  }

  leaseMs(block: number): number {
    return this.ms(block, at.leaseMs)
  }

  reapMs(block: number): number {
    return this.ms(block, at.reapMs)
  }

  keepsUnacked(block: number): boolean {
    return this.word(block, at.keeps) === 1
  }

  deadLetter(block: number): Buffer | undefined {
    return this.load(this.word(block, at.deadLetter))
  }

  hasDeadLetter(block: number): boolean {
    return this.word(block, at.deadLetter) !== 0
  }

  ordered(block: number): Buffer | undefined {
    return this.load(this.word(block, at.ordered))
  }

  isOrdered(block: number): boolean {
    return this.word(block, at.ordered) !== 0
  }

  /** True when an entry that was delivered so often is not delivered again. */
  isSpent(block: number, deliveries: number): boolean {
    const most = this.word(block, at.deliveriesMax)
    return deliveries === deliveriesMax || (most > 0 && deliveries >= most)
  }

  /** How long an entry rests after its n-th delivery failed, in whole ms. */
  backoffMs(block: number, deliveries: number): number {
    const base = this.ms(block, at.backoffMs)
    if (base === 0 || deliveries === 0) return 0
    const ms = base * (this.word(block, at.factor) / 1000) ** (deliveries - 1)
    return Math.floor(Math.min(ms, this.ms(block, at.backoffMaxMs)))
  }

  /** Until when (unix ms) waiting readers were told of what is there to be delivered again. */
  woken(block: number): number {
    return this.ms(block, at.woken)
  }

  setWoken(block: number, ms: number): void {
    this.setMs(block, at.woken, ms)
  }

  /** When (unix ms) the group's consumers are looked at, whether they live; 0: at the first opportunity. */
  reapAt(block: number): number {
    return this.ms(block, at.reapAt)
  }

  setReapAt(block: number, ms: number): void {
    this.setMs(block, at.reapAt, ms)
  }

  memoryBytes(block: number): number {
    let bytes = this.arena.usableBytes(block)
    for (const word of [at.deadLetter, at.ordered]) {
      if (this.word(block, word) !== 0) bytes += this.arena.usableBytes(this.word(block, word))
    }
    return bytes
  }

  // Bytes in blocks of their own.

  /** A block of these bytes, 0 for undefined. */
  store(bytes: Uint8Array | undefined): number {
    if (bytes === undefined) return 0
    const block = this.arena.alloc(4 + bytes.length)
    this.arena.u32[chunkOf(block)]![wordOf(block)] = bytes.length
    this.arena.u8[chunkOf(block)]!.set(bytes, byteOf(block) + 4)
    return block
  }

  load(block: number): Buffer | undefined {
    if (block === 0) return undefined
    const from = byteOf(block) + 4
    return Buffer.from(this.arena.u8[chunkOf(block)]!.subarray(from, from + this.word(block, 0)))
  }

  protected ms(block: number, index: number): number {
    return this.word(block, index) * two32 + this.word(block, index + 1)
  }

  protected setMs(block: number, index: number, ms: number): void {
    const high = Math.floor(ms / two32)
    this.setWord(block, index, high)
    this.setWord(block, index + 1, ms - high * two32)
  }

  word(block: number, index: number): number {
    return this.arena.u32[chunkOf(block)]![wordOf(block) + index]!
  }

  setWord(block: number, index: number, value: number): void {
    this.arena.u32[chunkOf(block)]![wordOf(block) + index] = value
  }
}
