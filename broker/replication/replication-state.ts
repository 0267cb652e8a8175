// Where this broker stands in replication: its role, the history that it belongs to, and how far it is in it.
//
// A history (a `replid`) is one stream of bytes. Whoever is promoted goes on with a history of its own: `replid2` is
// the one before, which held up to byte `secondReplOffset - 1`; replicas that are no further in it may go on with us.
// The terms are Redis's: https://redis.io/docs/latest/operate/oss_and_stack/management/replication/

import type { Random } from '../../core/random.ts'
import { Backlog } from './backlog.ts'

const noId = '0'.repeat(40)

export type ReplicationRole = 'master' | 'slave'

export class ReplicationState {
  role: ReplicationRole
  /** 40 hexadecimal digits. */
  replid: string
  /** All zeros when there is none. */
  replid2: string
  /** First byte that belongs no more to `replid2`; -1 without one. */
  secondReplOffset: number
  /** Number of the last byte of the stream. */
  masterReplOffset: number
  /** Undefined until the first replica comes: a broker without replicas keeps no stream, and its offset stands. */
  backlog: Backlog | undefined
  /** Called after `feed`: there is something to send to replicas. */
  onFed: (() => void) | undefined
  /** The line at the log's end when it was folded: where it stands in a master's stream, or who wrote last. */
  logged: string
  private readonly random: Random

  constructor(random: Random) {
    this.role = 'master'
    this.random = random
    this.replid = freshId(random)
    this.replid2 = noId
    this.secondReplOffset = -1
    this.masterReplOffset = 0
    this.backlog = undefined
    this.onFed = undefined
    this.logged = ''
  }

  /** Appends `bytes[from..to)` to the stream, which goes to the backlog and from there to the replicas. */
  feed(bytes: Uint8Array, from = 0, to = bytes.length): void {
    const { backlog } = this
    if (backlog === undefined) return
    backlog.append(bytes, from, to)
    this.masterReplOffset = backlog.last
    this.onFed?.()
  }

  /** Keeps the stream from here on. */
  openBacklog(sizeBytes: number): Backlog {
    this.backlog ??= new Backlog(sizeBytes, this.masterReplOffset)
    return this.backlog
  }

  /** Nobody may go on from before here: the stream holds what not every replica can run. */
  barrier(): void {
    if (this.backlog !== undefined) this.backlog = new Backlog(this.backlog.sizeBytes, this.masterReplOffset)
  }

  /** 40 random letters that mark the end of a dataset. */
  mark(): Buffer {
    return Buffer.from(freshId(this.random), 'latin1')
  }

  closeBacklog(): void {
    this.backlog = undefined
  }

  /** A history of its own, which shares nothing with what was before. */
  newHistory(): void {
    this.replid = freshId(this.random)
    this.replid2 = noId
    this.secondReplOffset = -1
  }

  /** A promoted replica: goes on with a history of its own; what was before is still good for replicas. */
  branchHistory(): void {
    this.replid2 = this.replid
    this.secondReplOffset = this.masterReplOffset + 1
    this.replid = freshId(this.random)
  }

  /**
   * A replica of ours begins where its master stands (FULLRESYNC, or after a restart): `offset` is the last byte that
   * our data reflect. A backlog begins anew behind it.
   */
  adopt(replid: string, offset: number): void {
    this.replid = replid
    this.replid2 = noId
    this.secondReplOffset = -1
    this.masterReplOffset = offset
    if (this.backlog !== undefined) this.backlog = new Backlog(this.backlog.sizeBytes, offset)
  }

  /** The master goes on under another id (CONTINUE with an id): up to here the one before holds. */
  renameHistory(replid: string): void {
    this.replid2 = this.replid
    this.secondReplOffset = this.masterReplOffset + 1
    this.replid = replid
  }

  /** True when a replica that has `replid` up to byte `next - 1` can go on from the backlog. */
  continues(replid: string, next: number): boolean {
    const ours = replid.toLowerCase()
    const known = ours === this.replid || (ours === this.replid2 && next <= this.secondReplOffset)
    return known && this.backlog !== undefined && this.backlog.has(next)
  }
}

function freshId(random: Random): string {
  return Array.from({ length: 5 }, () => random.u32().toString(16).padStart(8, '0')).join('')
}
