// One full sync of one or several replicas: a dataset, cut between two frames, and for each of them the stream from
// the byte behind the cut on, which waits in the backlog until the dataset is sent.
//
//   cut ─▶ the log made safe what the dataset holds ─▶ FULLRESYNC, the dataset, as fast as the slowest takes it
//   ─▶ the stream
//
// A replica that takes nothing for `repl-timeout` is closed, as is one that is too far behind the stream
// (`client-output-buffer-limit`): it must not hold up the others, nor keep the snapshot in the making for ever.

import type { Broker } from '../broker.ts'
import { datasetAheadBytesMax } from '../limits.ts'
import { SnapshotPace } from '../persistence/snapshot-pace.ts'
import { redisVersion } from '../product.ts'
import { StoredDataset, StreamedDataset } from './dataset.ts'
import type { DatasetOptions } from './dataset.ts'
import type { Replica } from './replica.ts'

const empty = Buffer.alloc(0)

export class FullSync {
  readonly replicas: Set<Replica>
  private readonly broker: Broker
  private readonly mark: Buffer
  private readonly dataset: StreamedDataset | StoredDataset
  private readonly replid: string
  /** Last byte of the stream that the dataset holds, and the log's position there. */
  private readonly last: number
  private readonly position: number
  /** Why it ended early; '' while it goes on. */
  private failure: string
  private begun: boolean
  private wake: (() => void) | undefined

  /**
   * The cut is now. `marked`: a mark tells the end of the dataset, not its length; then nothing is stored. Throws the
   * disk's error.
   */
  constructor(broker: Broker, replicas: readonly Replica[], marked: boolean, last: number) {
    const { replication, engine } = broker
    this.replicas = new Set(replicas)
    this.broker = broker
    this.mark = marked ? replication.mark() : empty
    this.replid = replication.replid
    this.last = last
    this.position = engine.log.appended
    this.failure = ''
    this.begun = false
    this.wake = undefined
    const keys = !replicas[0]!.libraryOnly
    const options: DatasetOptions = {
      keys, checksum: broker.config.values.rdbchecksum,
      onGivenUp: () => this.abandon('all data were replaced meanwhile'),
      aux: {
        'redis-ver': redisVersion, 'redis-bits': 64, 'ctime': Math.floor(engine.clock.nowMs() / 1000),
        'used-mem': engine.arena.usedBytes,
        'repl-stream-db': replication.role === 'slave' ? broker.following.streamDb : 0,
        'repl-id': replication.replid, 'repl-offset': last, 'aof-base': 0,
      },
    }
    const head = marked ? Buffer.from(`$EOF:${this.mark.toString('latin1')}\r\n`) : empty
    this.dataset = marked || !keys ? new StreamedDataset(broker, options, head) : new StoredDataset(broker, options)
    for (const replica of replicas) replica.prepare(this, last + 1)
  }

  /** Takes another replica in, if it comes in time for a dataset that is made as a file; false otherwise. */
  admits(replica: Replica): boolean {
    if (!(this.dataset instanceof StoredDataset) || replica.libraryOnly) return false
    if (this.begun || this.failure !== '') return false
    this.replicas.add(replica)
    replica.prepare(this, this.last + 1)
    return true
  }

  /** Resolves when the dataset is made: what is not sent yet goes its way, and another sync may begin. */
  async run(): Promise<void> {
    try {
      if (await (this.dataset instanceof StreamedDataset ? this.stream(this.dataset) : this.store(this.dataset))) {
        this.broker.report('notice', `a dataset for replicas is made: ${this.dataset.size} bytes, then the stream from `
          + `byte ${this.last + 1}`)
        return
      }
    } catch (error) {
      this.failure = (error as Error).message
    }
    if (this.replicas.size === 0) return
    this.broker.report('warning', `a full sync ends early: ${this.failure}`)
    for (const { client } of this.replicas) client.destroy()
  }

  /** The replica has all of the dataset, or is gone. */
  leave(replica: Replica): void {
    if (!this.replicas.delete(replica)) return
    if (this.replicas.size === 0) this.abandon('all replicas left')
    else this.moved()
  }

  /** Ends it; its replicas are closed by whoever calls. */
  abandon(why: string): void {
    if (this.failure === '') this.failure = why
    this.dataset.abandon()
    this.wake?.()
  }

  /** A replica was sent something: there may be room for more. */
  moved(): void {
    this.dataset.trim(this.needed)
    if (!this.isAhead) this.wake?.()
  }

  private async stream(dataset: StreamedDataset): Promise<boolean> {
    const pace = new SnapshotPace(this.broker)
    if (!await this.safe(pace)) return false
    this.begin(empty)
    while (this.failure === '') {
      const complete = dataset.step(pace.sliceEndMs)
      if (complete) dataset.end(this.mark)
      for (const replica of this.replicas) replica.send()
      if (complete) return true
      await (this.isAhead ? this.room() : pace.rest())
    }
    return false
  }

  private async store(dataset: StoredDataset): Promise<boolean> {
    if (!await dataset.make() || !await this.safe(new SnapshotPace(this.broker))) return false
    this.begin(Buffer.from(`$${dataset.size}\r\n`))
    return true
  }

  /** What the dataset holds is safe: a replica never knows what we might not know after a crash. */
  private async safe(pace: SnapshotPace): Promise<boolean> {
    const { broker } = this
    while (broker.engine.log.safe < this.position && this.failure === '') await pace.rest()
    return this.failure === ''
  }

  private begin(head: Buffer): void {
    const { broker, replid, last } = this
    this.begun = true
    for (const replica of this.replicas) {
      const { client } = replica
      broker.report('notice', `full sync of replica ${client.addr} from byte ${last}`)
      if (!replica.plainSync) client.sendOut(Buffer.from(`+FULLRESYNC ${replid} ${last}\r\n`))
      if (head.length > 0) client.sendOut(head)
      replica.load(this.dataset, this.mark.length > 0)
    }
  }

  /** Number of the first byte of the dataset that some replica was not sent yet. */
  private get needed(): number {
    let needed = Infinity
    for (const { at } of this.replicas) needed = Math.min(needed, at)
    return needed
  }

  private get isAhead(): boolean {
    return this.dataset.size - this.needed >= datasetAheadBytesMax
  }

  private async room(): Promise<void> {
    await new Promise<void>((resolve) => { this.wake = resolve })
    this.wake = undefined
  }
}
