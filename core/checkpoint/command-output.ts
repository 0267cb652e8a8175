// Commands in the making: each has a name, a key, and as many items as fit in one of Redis's own rewrite.

import { Reply } from '../reply.ts'
import { commandItemBytesMax, commandItemsMax } from '../limits.ts'

export class CommandOutput {
  readonly bytes: Reply
  /** Commands that are whole. */
  commands: number
  private readonly whole: () => void
  /** Of the open command: where it begins, -1 for none; its words, and its items so far. */
  private from: number
  private words: number
  private items: number

  /** `whole` is called behind each command: the bytes may be taken then. */
  constructor(whole: () => void) {
    this.bytes = new Reply()
    this.commands = 0
    this.whole = whole
    this.from = -1
    this.words = 0
    this.items = 0
  }

  begin(name: string, key: Buffer): void {
    this.from = this.bytes.deferred()
    this.words = 0
    this.items = 0
    this.text(name)
    this.word(key, 0, key.length)
  }

  /** Begins a command unless one is open that takes more items. */
  item(name: string, key: Buffer): void {
    const { bytes, from } = this
    if (from >= 0 && (this.items === commandItemsMax || bytes.at - from > commandItemBytesMax)) this.end()
    if (this.from < 0) this.begin(name, key)
    this.items++
  }

  word(buf: Uint8Array, from: number, to: number): void {
    this.bytes.bulk(buf, from, to)
    this.words++
  }

  /** One character a byte. */
  text(text: string): void {
    this.bytes.text(text)
    this.words++
  }

  double(value: number): void {
    this.bytes.number(value)
    this.words++
  }

  /** Ends the open command; nothing where none is. */
  end(): void {
    if (this.from < 0) return
    this.bytes.setArray(this.from, this.words)
    this.from = -1
    this.commands++
    this.whole()
  }

  /** A whole command without a key. */
  other(...words: string[]): void {
    this.bytes.array(words.length)
    for (const word of words) this.bytes.text(word)
    this.commands++
    this.whole()
  }
}
