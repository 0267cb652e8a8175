// The tools of the rules: small changes to a decoded reply that settle what may differ.
import { type RespValue } from '../resp-value.ts'

/** A value ready to compare; `within` marks a clock reading that may differ by that much. */
export type Settled = RespValue & { within?: number }
export type Side = 'ours' | 'theirs'
export type Rule = (value: Settled, side: Side, command: readonly string[]) => Settled

const toleranceMs = 5_000

/** A clock reading in ms (or s, with a smaller tolerance). */
export function approximate(value: Settled, within = toleranceMs): Settled {
  const isNumber = typeof value.value === 'string' && /^\d+$/.test(value.value)
  return isNumber && (value.type === ':' || value.type === '$') ? { ...value, within } : value
}

/** Keeps only the kind of the reply: its type, and whether it is null. */
export const kindOnly: Rule = (value) => ({
  type: value.type, value: value.value === null ? null : '(masked)',
})

/** Changes the items of an array, given as a flat list. */
export function mapItems(value: Settled, change: (item: Settled, i: number) => Settled): Settled {
  return Array.isArray(value.value) ? { ...value, value: value.value.map(change) } : value
}

/** Changes the values of a map (RESP3), or of the flat array that stands for it in RESP2. */
export function mapFields(
  value: Settled, change: (field: string, item: Settled) => Settled | null,
): Settled {
  if (!Array.isArray(value.value)) return value
  const kept: RespValue[] = []
  for (let i = 0; i + 1 < value.value.length; i += 2) {
    const name = value.value[i]!
    const item = change(String(name.value), value.value[i + 1]!)
    if (item !== null) kept.push(name, item)
  }
  return { ...value, value: kept }
}

/** An order by content, for what comes in no promised order. */
export const byText = (a: RespValue, b: RespValue): number => {
  const [x, y] = [JSON.stringify(a), JSON.stringify(b)]
  return x < y ? -1 : Number(x > y)
}

export const sortItems = (value: Settled): Settled =>
  Array.isArray(value.value) ? { ...value, value: value.value.toSorted(byText) } : value
