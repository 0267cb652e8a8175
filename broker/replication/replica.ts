// One replica of ours: what it told of itself, how far it is, and the sending.
//
//   waits    asked for a full sync that has not begun; hears a newline now and then
//   cut      its full sync has begun, but nothing can be sent yet
//   loads    is being sent the dataset
//   silent   has all of the dataset, whose end it finds by a mark: nothing may follow before it said so
//   online   is sent the stream

import type { Connection } from '../connection.ts'
import { replicaAheadBytesMax, replicaTurnBytesMax } from '../limits.ts'
import type { Dataset } from './dataset.ts'
import type { FullSync } from './full-sync.ts'
import type { ReplicationState } from './replication-state.ts'

export type ReplicaStage = 'greets' | 'waits' | 'cut' | 'loads' | 'silent' | 'online'

export class Replica {
  readonly client: Connection
  stage: ReplicaStage
  listeningPort: number
  /** What it says its address is; '' when it doesn't. */
  announcedIp: string
  /** Capabilities: finds the end of a dataset by a mark; understands CONTINUE with an id. */
  readsMarks: boolean
  followsHistories: boolean
  /** It wants the dataset and no stream. */
  rdbOnly: boolean
  /** REPLCONF rdb-filter-only functions: it wants no keys. */
  libraryOnly: boolean
  /** It came by SYNC, which has no FULLRESYNC line. */
  plainSync: boolean
  /** Since when it waits for a sync (monotonic ms). */
  sinceMs: number
  /** Last byte that it said it has, and that it has on disk; when it said so (monotonic ms). */
  acked: number
  ackedOnDisk: number
  ackedMs: number
  /** Number of the next byte of the stream that it is to be sent. */
  next: number
  /** Number of the next byte of the dataset that it is to be sent, and when it last took any (monotonic ms). */
  at: number
  tookMs: number
  private sync: FullSync | undefined
  private dataset: Dataset | undefined
  private afterDataset: ReplicaStage
  /** It is sent more in the next turn. */
  private continues: boolean
  private readonly state: ReplicationState

  constructor(client: Connection, state: ReplicationState) {
    this.client = client
    this.state = state
    this.stage = 'greets'
    this.listeningPort = 0
    this.announcedIp = ''
    this.readsMarks = false
    this.followsHistories = false
    this.rdbOnly = false
    this.libraryOnly = false
    this.plainSync = false
    this.sinceMs = 0
    this.acked = 0
    this.ackedOnDisk = 0
    this.ackedMs = 0
    this.next = 0
    this.at = 1
    this.tookMs = 0
    this.sync = undefined
    this.dataset = undefined
    this.afterDataset = 'online'
    this.continues = false
    client.socket.on('drain', () => {
      this.tookMs = this.nowMs
      this.send()
    })
  }

  /** Bytes of the stream that it has not been sent. */
  get unsentBytes(): number {
    if (this.stage === 'greets' || this.stage === 'waits') return 0
    return Math.max(0, this.state.masterReplOffset + 1 - this.next)
  }

  get ip(): string {
    if (this.announcedIp !== '') return this.announcedIp
    return (this.client.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  }

  /** It takes part in a full sync, behind which the stream follows from byte `next` on. */
  prepare(sync: FullSync, next: number): void {
    this.sync = sync
    this.next = next
    this.stage = 'cut'
  }

  /** Begins to send the dataset. */
  load(dataset: Dataset, marked: boolean): void {
    this.dataset = dataset
    this.stage = 'loads'
    this.tookMs = this.nowMs
    this.afterDataset = marked ? 'silent' : 'online'
    this.send()
  }

  /** It is gone, or has all of the dataset. */
  leaveSync(): void {
    const { sync } = this
    this.sync = undefined
    this.dataset = undefined
    sync?.leave(this)
  }

  /** For how long it has taken nothing of what waits for it, in ms. */
  get stuckMs(): number {
    return this.stage === 'loads' && this.client.socket.writableLength > 0 ? this.nowMs - this.tookMs : 0
  }

  /** It goes on from byte `next`. */
  follow(next: number): void {
    this.next = next
    this.stage = 'online'
  }

  /** Sends as much as the socket takes without piling up, and in one turn not more than its share. */
  send(): void {
    const { client } = this
    const { socket } = client
    if (client.closed) return
    let share = replicaTurnBytesMax
    while (socket.writableLength < replicaAheadBytesMax) {
      if (share <= 0) {
        this.sendSoon()
        break
      }
      let bytes: Buffer | undefined
      if (this.stage === 'loads') {
        const dataset = this.dataset!
        bytes = dataset.read(this.at)
        if (bytes.length === 0) {
          if (!dataset.complete) break
          this.stage = this.afterDataset
          this.leaveSync()
          if (this.rdbOnly) client.endAfterReply()
          continue
        }
        this.at += bytes.length
      } else if (this.stage === 'online' && !this.rdbOnly) {
        bytes = this.state.backlog?.read(this.next)
        if (bytes === undefined || bytes.length === 0) return
        this.next += bytes.length
      } else return
      client.sendOut(bytes)
      if (client.closed) return
      share -= bytes.length
    }
    this.sync?.moved()
  }

  private sendSoon(): void {
    if (this.continues) return
    this.continues = true
    setImmediate(() => {
      this.continues = false
      this.send()
    })
  }

  private get nowMs(): number {
    return this.client.broker.engine.clock.monotonicMs()
  }
}
