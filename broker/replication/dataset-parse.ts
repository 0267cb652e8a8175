// Receives a dataset from a master straight into memory (`repl-diskless-load`): it is parsed as it comes, a slice of
// each turn, into a shadow beside what is served. That stays as it is until all of the dataset is whole.
//
//   $<bytes>\r\n <the file>            $EOF:<mark, 40 bytes>\r\n <the file> <mark>

import { RdbFileReader } from '../../core/checkpoint/rdb-file-reader.ts'
import { RdbLoader } from '../../core/checkpoint/rdb-load.ts'
import type { Loaded } from '../../core/checkpoint/rdb-load.ts'
import type { Broker } from '../broker.ts'
import { SnapshotPace } from '../persistence/snapshot-pace.ts'
import { datasetLine } from './dataset-receive.ts'
import { Shadow } from './shadow.ts'

/** Records between two looks at the clock. */
const recordsPerLook = 64

/** What becomes of it. */
export type ParseEvents = {
  /** All that came is parsed. */
  hungry: () => void
  /** It is whole; `rest` follows it. */
  whole: (rest: Buffer) => void
  failed: (error: Error) => void
}

export class DatasetParser {
  /** Bytes of the file that came; its length when the master told it, else -1. */
  bytes: number
  readonly bytesTotal: number
  readonly shadow: Shadow
  /** What is served goes on being served meanwhile; otherwise clients hear LOADING. */
  readonly serves: boolean
  private readonly broker: Broker
  private readonly events: ParseEvents
  private readonly mark: Buffer
  private readonly reader: RdbFileReader
  private readonly loader: RdbLoader
  private readonly pace: SnapshotPace
  /** Bytes wait to be parsed, and a slice will come to it. */
  private works: boolean
  private closed: boolean
  /** The last bytes that came, as many as a mark has. */
  private latest: Buffer
  /** Behind the file. */
  private tail: Buffer | undefined

  /** `line`: without its CRLF. Throws when it is none that begins a dataset. */
  constructor(broker: Broker, line: string, serves: boolean, events: ParseEvents) {
    const { bytesTotal, mark } = datasetLine(line)
    const { engine, config } = broker
    this.bytes = 0
    this.bytesTotal = bytesTotal
    this.shadow = new Shadow(broker)
    this.serves = serves
    this.broker = broker
    this.events = events
    this.mark = mark ?? Buffer.alloc(0)
    this.reader = new RdbFileReader(engine.settings.stringBytesMax, config.values.rdbchecksum)
    this.loader = this.shadow.inside(() => new RdbLoader(engine, {}, Math.max(0, bytesTotal)))
    this.pace = new SnapshotPace(broker)
    this.works = false
    this.closed = false
    this.latest = Buffer.alloc(0)
    this.tail = undefined
    broker.loading.begin(serves)
  }

  get loaded(): Loaded {
    return this.loader.loaded
  }

  /** Takes bytes; no more should come until it is hungry. */
  take(bytes: Buffer): void {
    this.bytes += bytes.length
    if (this.tail === undefined) {
      this.reader.push(bytes)
      // A record that is not whole waits for more bytes than may come, unless it is told that these are all.
      if (this.isLast(bytes)) this.reader.end()
    } else this.tail = Buffer.concat([this.tail, bytes])
    if (this.works) return
    this.works = true
    void this.work()
  }

  /** Nobody wants it any more; unless it became what is served, nothing of it stays. */
  discard(): void {
    if (this.closed) return
    this.closed = true
    this.broker.loading.end()
    this.shadow.drop()
  }

  /** It was taken over: nothing is left to do. */
  close(): void {
    this.closed = true
    this.broker.loading.end()
  }

  get isClosed(): boolean {
    return this.closed
  }

  /** All of the file is there when these have come. */
  private isLast(bytes: Buffer): boolean {
    const { mark, bytesTotal } = this
    if (bytesTotal >= 0) return this.bytes >= bytesTotal
    this.latest = Buffer.concat([this.latest, bytes.subarray(-mark.length)]).subarray(-mark.length)
    return this.latest.equals(mark)
  }

  private async work(): Promise<void> {
    try {
      while (!this.closed && this.tail === undefined) {
        const done = this.shadow.inside(() => this.slice(this.pace.sliceEndMs))
        const { loading } = this.broker
        loading.bytesRead = this.reader.offset
        loading.bytesTotal = Math.max(this.bytesTotal, this.reader.offset)
        if (done === 'more') break
        if (done === 'end') this.tail = Buffer.from(this.reader.rest())
        else await this.pace.rest()
      }
      if (this.closed) return
      this.works = false
      if (!this.isWhole()) return this.events.hungry()
      const behind = this.tail!.subarray(this.mark.length)
      this.events.whole(Buffer.from(behind))
    } catch (error) {
      if (!this.closed) this.events.failed(error as Error)
    }
  }

  /** Parses until the monotonic clock passes `until`. */
  private slice(until: number): 'record' | 'more' | 'end' {
    const { clock } = this.broker.engine
    for (;;) {
      for (let n = 0; n < recordsPerLook; n++) {
        const step = this.reader.step(this.loader)
        if (step !== 'record') return step
      }
      if (clock.monotonicMs() >= until) return 'record'
    }
  }

  /** The file is there, and the mark behind it. Throws when something else is. */
  private isWhole(): boolean {
    const { tail, mark, bytesTotal } = this
    if (bytesTotal >= 0 && (tail === undefined ? this.bytes >= bytesTotal : this.reader.offset !== bytesTotal)) {
      throw new Error(`the file is not of the ${bytesTotal} bytes that the master told`)
    }
    if (tail === undefined || tail.length < mark.length) return false
    if (mark.compare(tail, 0, mark.length) !== 0) throw new Error('something else than the mark follows the file')
    return true
  }
}
