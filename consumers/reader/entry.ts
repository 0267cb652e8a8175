// Entries of streams as readers get them.

export class StreamEntry {
  readonly id: string
  /** Fields and values in turns, as they were added: a field may stand there twice. */
  readonly list: readonly string[]

  constructor(id: string, list: readonly string[]) {
    this.id = id
    this.list = list
  }

  /** The value of a field, the first one of that name; undefined when there is none. */
  get(field: string): string | undefined {
    for (let i = 0; i < this.list.length; i += 2) if (this.list[i] === field) return this.list[i + 1]
    return undefined
  }

  /** The fields as an object. */
  get fields(): Record<string, string> {
    const fields: Record<string, string> = Object.create(null) as Record<string, string>
    for (let i = 0; i < this.list.length; i += 2) fields[this.list[i]!] = this.list[i + 1]!
    return fields
  }
}

type Reading = readonly (readonly [string, readonly (readonly [string, readonly string[]])[]])[] | null

/** The entries of a reply to XREAD of one stream. */
export function readEntries(reply: unknown): StreamEntry[] {
  const streams = reply as Reading
  return streams === null ? [] : streams[0]![1].map(([id, list]) => new StreamEntry(id, list))
}
