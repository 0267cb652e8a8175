// The objects that are opened on sets: one for the set at hand, one for a result in the making, and as many as a
// command like SINTER has operands; and what filters the members of one by the others.

import type { Arena } from '../arena/arena.ts'
import type { DictSeed } from '../arena/dict.ts'
import type { Settings } from '../settings.ts'
import { MemberFilter } from './set-filter.ts'
import { MemberSet } from './set.ts'

export class SetPool {
  readonly one: MemberSet
  readonly result: MemberSet
  readonly filter: MemberFilter
  private readonly operands: MemberSet[]
  private readonly arena: Arena
  private readonly seed: DictSeed
  private readonly settings: Settings

  constructor(arena: Arena, seed: DictSeed, settings: Settings) {
    this.one = new MemberSet(arena, seed, settings)
    this.result = new MemberSet(arena, seed, settings)
    this.filter = new MemberFilter()
    this.operands = []
    this.arena = arena
    this.seed = seed
    this.settings = settings
  }

  /** The object of operand i; those below it must have been asked for. */
  operand(i: number): MemberSet {
    if (i === this.operands.length) this.operands.push(new MemberSet(this.arena, this.seed, this.settings))
    return this.operands[i]!
  }
}
