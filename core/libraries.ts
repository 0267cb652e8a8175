// Libraries of functions: their source texts by name. They are data as the keys are: FUNCTION LOAD and its like are
// logged and fold back. What a source text means is the broker's affair, which compiles it.

export class Libraries {
  /** Source by name; one character a byte. */
  readonly byName: Map<string, string>
  /** Raised by every change. */
  version: number
  /** Bytes of all sources. */
  bytes: number

  constructor() {
    this.byName = new Map()
    this.version = 0
    this.bytes = 0
  }

  set(name: string, source: string): void {
    this.delete(name)
    this.byName.set(name, source)
    this.bytes += source.length
    this.version++
  }

  delete(name: string): void {
    const source = this.byName.get(name)
    if (source === undefined) return
    this.byName.delete(name)
    this.bytes -= source.length
    this.version++
  }

  clear(): void {
    this.byName.clear()
    this.bytes = 0
    this.version++
  }
}
