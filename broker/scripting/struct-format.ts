// The format strings of `struct`: one option after the other, with sizes and alignment.
//
//   b B  1 byte     h H  2     i I  4, or in  n bytes (1 … 32)     l L  8     T  8     f  4     d  8
//   s  up to a zero byte     cn  n bytes, c0: as many as there are     x  a zero byte
//   <  little endian     >  big endian     !n  align to n (a power of 2, 8 unless given)     blank  nothing

/** Raises Lua's `bad argument` error, and a plain one. */
export type Raise = { argument: (index: number, text: string) => never, error: (text: string) => never }

const nativeAlignment = 8
const integerBytesMax = 32
const numberMax = 2 ** 31 - 1

export class StructFormat {
  readonly text: string
  at: number
  littleEndian: boolean
  private alignment: number
  private readonly raise: Raise

  constructor(text: string, raise: Raise) {
    const end = text.indexOf('\0')
    this.text = end < 0 ? text : text.slice(0, end)
    this.at = 0
    this.littleEndian = true
    this.alignment = 1
    this.raise = raise
  }

  get done(): boolean {
    return this.at >= this.text.length
  }

  /** The next option's letter. */
  next(): string {
    return this.text[this.at++]!
  }

  /** Bytes of a value of the option, after its number was read; 0 for what has no size of its own. */
  size(option: string): number {
    switch (option) {
      case 'b': case 'B': case 'x': return 1
      case 'h': case 'H': return 2
      case 'l': case 'L': case 'T': case 'd': return 8
      case 'f': return 4
      case 'c': return this.number(1)
      case 'i': case 'I': {
        const size = this.number(4)
        if (size > integerBytesMax) {
          this.raise.error(`integral size ${size} is larger than limit of ${integerBytesMax}`)
        }
        return size
      }
      default: return 0
    }
  }

  /** Bytes to leave out so that a value of `size` bytes at `offset` stands aligned. */
  padding(offset: number, option: string, size: number): number {
    if (size === 0 || option === 'c') return 0
    const to = Math.min(size, this.alignment)
    return to > 1 ? (to - (offset & (to - 1))) & (to - 1) : 0
  }

  /** Options that stand for no value. */
  control(option: string): void {
    if (option === ' ') return
    if (option === '>') this.littleEndian = false
    else if (option === '<') this.littleEndian = true
    else if (option === '!') {
      const alignment = this.number(nativeAlignment)
      if (alignment === 0 || (alignment & (alignment - 1)) !== 0) {
        this.raise.error(`alignment ${alignment} is not a power of 2`)
      }
      this.alignment = alignment
    } else this.raise.argument(1, `invalid format option '${option}'`)
  }

  private number(otherwise: number): number {
    let digit = this.digit()
    if (digit < 0) return otherwise
    let n = 0
    while (digit >= 0) {
      if (n > numberMax / 10 || n * 10 > numberMax - digit) this.raise.error('integral size overflow')
      n = n * 10 + digit
      this.at++
      digit = this.digit()
    }
    return n
  }

  private digit(): number {
    const digit = this.text.charCodeAt(this.at) - 48
    return digit >= 0 && digit <= 9 ? digit : -1
  }
}

const isLetterOrDigit = /[0-9A-Za-z]/

/** `struct.size` */
export function structSize(text: string, raise: Raise): number {
  const format = new StructFormat(text, raise)
  let total = 0
  while (!format.done) {
    const option = format.next()
    const size = format.size(option)
    total += format.padding(total, option, size)
    if (option === 's') raise.argument(1, `option 's' has no fixed size`)
    if (option === 'c' && size === 0) raise.argument(1, `option 'c0' has no fixed size`)
    if (!isLetterOrDigit.test(option)) format.control(option)
    total += size
  }
  return total
}
