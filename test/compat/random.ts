// A small seeded generator for the differential tester: the same seed gives the same commands on
// every machine, so a mismatch can be repeated from the seed that the report prints.

export type Random = {
  /** An integer from 0 to n - 1. */
  below(n: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** Moves a counter on by one; stream ids are drawn near it, so that they mostly increase. */
  tick(): void
  /** How often `tick` was called. */
  ticks(): number
}

/** The 32-bit mixing step is splitmix32's. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  let ticks = 0

  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  const below = (n: number): number => Math.floor((next() / 0x1_0000_0000) * n)

  return {
    below,
    chance: (probability) => next() < probability * 0x1_0000_0000,
    pick: (items) => items[below(items.length)]!,
    tick: () => { ticks++ },
    ticks: () => ticks,
  }
}
