// One replica of ours: what it told of itself, how far it is, and the sending.
//
//   waits    asked for a full sync that has not begun; hears a newline now and then
//   loads    is being sent the dataset
//   silent   has all of the dataset, whose end it finds by a mark: nothing may follow before it said so
//   online   is sent the stream

import type { Connection } from '../connection.ts'
import { replicaAheadBytesMax } from '../limits.ts'
import type { ReplicationState } from './replication-state.ts'

export type ReplicaStage = 'greets' | 'waits' | 'loads' | 'silent' | 'online'

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
  private pieces: Buffer[]
  private afterPieces: ReplicaStage
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
    this.pieces = []
    this.afterPieces = 'online'
    client.socket.on('drain', () => this.send())
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

  /** Begins to send the dataset; the stream follows from byte `next` on. */
  load(pieces: Buffer[], next: number, marked: boolean): void {
    this.pieces = pieces
    this.next = next
    this.stage = 'loads'
    this.afterPieces = marked ? 'silent' : 'online'
    this.send()
  }

  /** It goes on from byte `next`. */
  follow(next: number): void {
    this.next = next
    this.stage = 'online'
  }

  /** Sends as much as the socket takes without piling up. */
  send(): void {
    const { client } = this
    const { socket } = client
    if (client.closed) return
    while (socket.writableLength < replicaAheadBytesMax) {
      let bytes: Buffer | undefined
      if (this.stage === 'loads') {
        bytes = this.pieces.shift()
        if (bytes === undefined) {
          this.stage = this.afterPieces
          if (this.rdbOnly) client.endAfterReply()
          continue
        }
      } else if (this.stage === 'online' && !this.rdbOnly) {
        bytes = this.state.backlog?.read(this.next)
        if (bytes === undefined || bytes.length === 0) return
        this.next += bytes.length
      } else return
      client.sendOut(bytes)
      if (client.closed) return
    }
  }
}
