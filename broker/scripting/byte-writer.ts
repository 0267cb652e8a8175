// Bytes that are written one after the other and taken as a Lua string (one character a byte) in the end.

const initialBytes = 4096
const keptBytesMax = 1 << 20
const shortChars = 24

export class ByteWriter {
  buf: Buffer
  at: number
  private view: DataView

  constructor() {
    this.buf = Buffer.allocUnsafeSlow(initialBytes)
    this.at = 0
    this.view = new DataView(this.buf.buffer)
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const need = this.at + bytes
    if (need > this.buf.length) this.resize(Math.max(need, this.buf.length * 2))
  }

  u8(n: number): void {
    if (this.at + 1 > this.buf.length) this.reserve(1)
    this.buf[this.at++] = n
  }

  u16(n: number): void {
    this.reserve(2)
    this.view.setUint16(this.at, n)
    this.at += 2
  }

  u32(n: number): void {
    this.reserve(4)
    this.view.setUint32(this.at, n)
    this.at += 4
  }

  f32(n: number, littleEndian = false): void {
    this.reserve(4)
    this.view.setFloat32(this.at, n, littleEndian)
    this.at += 4
  }

  f64(n: number, littleEndian = false): void {
    this.reserve(8)
    this.view.setFloat64(this.at, n, littleEndian)
    this.at += 8
  }

  /** A string of one character a byte. */
  text(text: string): void {
    const size = text.length
    if (this.at + size > this.buf.length) this.reserve(size)
    const buf = this.buf
    let at = this.at
    if (size <= shortChars) for (let i = 0; i < size; i++) buf[at++] = text.charCodeAt(i)
    else at += buf.write(text, at, 'latin1')
    this.at = at
  }

  /** `count` zero bytes. */
  zeros(count: number): void {
    this.reserve(count)
    this.buf.fill(0, this.at, this.at + count)
    this.at += count
  }

  /** All that was written since `reset`, as a string. */
  take(): string {
    const text = this.buf.toString('latin1', 0, this.at)
    this.reset()
    return text
  }

  /** Forgets what was written. */
  reset(): void {
    this.at = 0
    if (this.buf.length > keptBytesMax) this.resize(initialBytes)
  }

  private resize(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(bytes)
    this.buf.copy(grown, 0, 0, this.at)
    this.buf = grown
    this.view = new DataView(grown.buffer)
  }
}
