// Finds a command's spec by the bytes of its name, in any case, without making a string.

import type { CommandSpec } from './spec.ts'

/** Open addressing over the case-folded names: a look-up is one hash and, as a rule, one comparison. */
export class CommandTable<Spec extends { readonly name: string } = CommandSpec> {
  readonly specs: readonly Spec[]
  private readonly slots: (Spec | undefined)[]
  private readonly mask: number

  constructor(specs: readonly Spec[]) {
    this.specs = specs
    let size = 16
    while (size < specs.length * 4) size *= 2
    this.mask = size - 1
    this.slots = Array.from({ length: size }, () => undefined)
    for (const spec of specs) {
      const name = Buffer.from(spec.name)
      if (this.find(name, 0, name.length) !== undefined) throw new Error(`command ${spec.name} is declared twice`)
      let at = hashName(name, 0, name.length) & this.mask
      while (this.slots[at] !== undefined) at = (at + 1) & this.mask
      this.slots[at] = spec
    }
  }

  /** The command named by `buf[from..to)`, or undefined. */
  find(buf: Uint8Array, from: number, to: number): Spec | undefined {
    let at = hashName(buf, from, to) & this.mask
    for (;;) {
      const spec = this.slots[at]
      if (spec === undefined || sameName(spec.name, buf, from, to)) return spec
      at = (at + 1) & this.mask
    }
  }
}

function hashName(buf: Uint8Array, from: number, to: number): number {
  let hash = to - from
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (buf[i]! | 32), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}

function sameName(name: string, buf: Uint8Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false
  for (let i = 0; i < name.length; i++) {
    let c = buf[from + i]!
    if (c >= 65 && c <= 90) c += 32
    if (c !== name.charCodeAt(i)) return false
  }
  return true
}
