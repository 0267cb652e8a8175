// Bytes as words at any place. Making a DataView costs as much as some hundred bytes of work, and most calls are about
// the buffer of the call before: so it is kept.

const noView = new DataView(new ArrayBuffer(0))

export class WordView {
  private bytes: Uint8Array | undefined
  private view: DataView

  constructor() {
    this.bytes = undefined
    this.view = noView
  }

  over(bytes: Uint8Array): DataView {
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    return this.view
  }
}
