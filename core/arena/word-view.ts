// Bytes as words at any place. Making a DataView costs as much as some hundred bytes of work, and most calls are about
// the buffer of the call before: so it is kept, unless it is so large that its memory should go with its owner.

const noView = new DataView(new ArrayBuffer(0))

/** As much as a chunk of the arena. */
const keptBytesMax = 16 * 1024 * 1024

export class WordView {
  private bytes: Uint8Array | undefined
  private view: DataView

  constructor() {
    this.bytes = undefined
    this.view = noView
  }

  over(bytes: Uint8Array): DataView {
    if (bytes === this.bytes) return this.view
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    if (bytes.length > keptBytesMax) return view
    this.bytes = bytes
    this.view = view
    return view
  }
}
