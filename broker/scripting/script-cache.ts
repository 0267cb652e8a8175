// Scripts that were compiled once. Those that only EVAL brought may go when there are many of them; those that SCRIPT
// LOAD brought stay until SCRIPT FLUSH. A source is also found by its text, which costs less than its SHA-1.

import { createHash } from 'node:crypto'
import type { Args } from '../../core/args.ts'
import type { LuaChunk } from './lua/compile.ts'
import { evalScriptsMax } from '../limits.ts'

export type Script = {
  readonly sha: string
  readonly source: string
  readonly flags: number
  readonly chunk: LuaChunk
  /** SCRIPT LOAD wants it kept. */
  pinned: boolean
}

export class ScriptCache {
  private readonly bySource: Map<string, Script>
  private readonly bySha: Map<string, Script>
  /** Scripts that may go, the one used longest ago first. */
  private readonly loose: Set<Script>
  private last: Script | undefined
  /** The script that EVAL ran last, and its text as bytes. */
  private evaluated: { script: Script, bytes: Buffer } | undefined
  /** Bytes of all sources. */
  bytes: number
  evicted: number

  constructor() {
    this.bySource = new Map()
    this.bySha = new Map()
    this.loose = new Set()
    this.last = undefined
    this.evaluated = undefined
    this.bytes = 0
    this.evicted = 0
  }

  get count(): number {
    return this.bySha.size
  }

  ofSource(source: string): Script | undefined {
    return this.used(this.bySource.get(source))
  }

  /** The script whose text is argument i, when it is the one that was run last: found without a string. */
  ofArgument(a: Args, i: number): Script | undefined {
    const { evaluated } = this
    if (evaluated === undefined || a.size(i) !== evaluated.bytes.length) return undefined
    const same = a.buf.compare(evaluated.bytes, 0, evaluated.bytes.length, a.start[i], a.end[i]) === 0
    return same ? this.used(evaluated.script) : undefined
  }

  /** EVAL runs the script that argument i is. */
  evaluates(script: Script, a: Args, i: number): void {
    this.evaluated = { script, bytes: a.copy(i) }
  }

  /** `sha` is in lower case. */
  ofSha(sha: string): Script | undefined {
    return this.used(this.bySha.get(sha))
  }

  has(sha: string): boolean {
    return this.bySha.has(sha)
  }

  add(script: Script): void {
    this.bySource.set(script.source, script)
    this.bySha.set(script.sha, script)
    this.bytes += script.source.length
    if (script.pinned) return
    this.loose.add(script)
    this.last = script
    if (this.loose.size <= evalScriptsMax) return
    const [oldest] = this.loose
    this.remove(oldest!)
    this.evicted++
  }

  pin(script: Script): void {
    script.pinned = true
    this.loose.delete(script)
  }

  clear(): void {
    this.bySource.clear()
    this.bySha.clear()
    this.loose.clear()
    this.last = undefined
    this.evaluated = undefined
    this.bytes = 0
  }

  private used(script: Script | undefined): Script | undefined {
    if (script === undefined || script.pinned || script === this.last) return script
    this.loose.delete(script)
    this.loose.add(script)
    this.last = script
    return script
  }

  private remove(script: Script): void {
    this.loose.delete(script)
    this.bySource.delete(script.source)
    this.bySha.delete(script.sha)
    this.bytes -= script.source.length
    if (this.last === script) this.last = undefined
    if (this.evaluated?.script === script) this.evaluated = undefined
  }
}

/** SHA-1 of a text of one character a byte, in hexadecimal. */
export function sha1Hex(text: string): string {
  return createHash('sha1').update(text, 'latin1').digest('hex')
}
