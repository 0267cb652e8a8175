// A naive model of hashes whose fields have deadlines: maps, and a clock that stands still until it is told otherwise.

export type Field = { value: string; deadline: number }
type Condition = 'NX' | 'XX' | 'GT' | 'LT' | undefined

export class Hashes {
  now: number
  readonly keys: Map<string, Map<string, Field>>

  constructor(now: number) {
    this.now = now
    this.keys = new Map()
  }

  /** The fields of a key that aren't due; an empty map of its own where there is no such key. */
  at(key: string): Map<string, Field> {
    const hash = this.keys.get(key) ?? new Map<string, Field>()
    for (const [field, { deadline }] of hash) if (deadline <= this.now) hash.delete(field)
    if (hash.size === 0) this.keys.delete(key)
    return hash
  }

  set(key: string, field: string, value: string, deadline = Infinity): boolean {
    const hash = this.at(key)
    const fresh = !hash.has(field)
    this.keys.set(key, hash)
    hash.set(field, { value, deadline })
    this.at(key)
    return fresh
  }

  delete(key: string, field: string): boolean {
    const hash = this.at(key)
    const gone = hash.delete(field)
    this.at(key)
    return gone
  }

  /** What HEXPIRE answers for a field. */
  expire(key: string, field: string, deadline: number, condition: Condition): number {
    const found = this.at(key).get(field)
    if (found === undefined) return -2
    const current = found.deadline
    const dated = current !== Infinity
    if (condition === 'NX' && dated) return 0
    if (condition === 'XX' && !dated) return 0
    if (condition === 'GT' && (!dated || deadline <= current)) return 0
    if (condition === 'LT' && deadline >= current) return 0
    found.deadline = deadline
    this.at(key)
    return deadline <= this.now ? 2 : 1
  }

  /** What HPERSIST answers. */
  persist(key: string, field: string): number {
    const found = this.at(key).get(field)
    if (found === undefined) return -2
    if (found.deadline === Infinity) return -1
    found.deadline = Infinity
    return 1
  }

  copy(from: string, to: string): void {
    const source = this.at(from)
    if (source.size === 0) return
    this.keys.set(to, new Map([...source].map(([field, found]) => [field, { ...found }])))
  }
}
