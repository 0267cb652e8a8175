// Reads new jobs for a consumer: never more than it has room for.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { readDeliveries } from './delivery.ts'
import type { Delivery } from './delivery.ts'
import type { GroupKeys } from './keys.ts'
import { blockMs, refusedMs, unblockMs } from './limits.ts'

type Read = (this: Redis, ...words: (string | number)[]) => Promise<unknown>

/** What the intake needs of its worker. */
export type IntakeHost = {
  /** How many jobs it could take now. */
  room(): number
  accept(deliveries: readonly Delivery[]): Promise<void>
  /** The read failed; NOGROUP: makes the group again. */
  failed(error: unknown): Promise<void>
}

export class Intake {
  /** Since when the read that is under way waits (ms of performance.now()); 0: none is. */
  waitingSince: number
  private readonly reader: Redis
  private readonly control: Redis
  private readonly keys: GroupKeys
  private readonly consumer: string
  private readonly bytes: boolean
  private readonly least: number
  private readonly host: IntakeHost
  private stopping: boolean
  /** The reader's id for the broker, to unblock it; empty while it isn't known. */
  private clientId: string
  private wake: (() => void) | undefined
  private ended: Promise<void>

  /** `least`: reads nothing for less room than that, so that reads stay large; `control` unblocks the reader. */
  constructor(
    reader: Redis, control: Redis, keys: GroupKeys, consumer: string, bytes: boolean, least: number, host: IntakeHost,
  ) {
    this.waitingSince = 0
    this.reader = reader
    this.control = control
    this.keys = keys
    this.consumer = consumer
    this.bytes = bytes
    this.least = least
    this.host = host
    this.stopping = false
    this.clientId = ''
    this.wake = undefined
    this.ended = Promise.resolve()
    reader.on('close', () => { this.clientId = '' })
  }

  start(): void {
    this.ended = this.loop()
  }

  /** There may be room again. */
  roomGiven(): void {
    if (this.wake === undefined || this.host.room() < this.least) return
    this.wake()
    this.wake = undefined
  }

  /** Ends reading without losing what was just delivered. */
  async stop(): Promise<void> {
    this.stopping = true
    this.wake?.()
    if (this.reader.status !== 'ready') this.reader.disconnect()
    // The read may arrive behind the first call that is to end it.
    while (this.waitingSince > 0 && this.clientId !== '') {
      await this.control.client('UNBLOCK', this.clientId).catch(() => this.reader.disconnect())
      await Promise.race([this.ended, sleep(unblockMs)])
    }
    await this.ended
  }

  private async loop(): Promise<void> {
    while (!this.stopping) {
      const room = this.host.room()
      if (room < this.least) await new Promise<void>((resolve) => { this.wake = resolve })
      else await this.read(room)
    }
  }

  private async read(room: number): Promise<void> {
    try {
      if (this.clientId === '') this.clientId = String(await this.reader.client('ID'))
      if (this.stopping) return
      this.waitingSince = performance.now()
      const reply = await this.send(room)
      this.waitingSince = 0
      const deliveries = readDeliveries(reply)
      if (deliveries.length > 0) await this.host.accept(deliveries)
    } catch (error) {
      this.waitingSince = 0
      if (this.stopping) return
      await this.host.failed(error)
      await sleep(refusedMs)
    }
  }

  private send(room: number): Promise<unknown> {
    const { reader, keys } = this
    const words = ['GROUP', keys.group, this.consumer, 'COUNT', room, 'BLOCK', blockMs, 'STREAMS', keys.stream, '>']
    // Called by name: so ioredis gives the same shape under RESP2 and RESP3. Its types know no COUNT that is variable.
    const read = (this.bytes ? reader.xreadgroupBuffer : reader.xreadgroup) as unknown as Read
    return read.apply(reader, words)
  }
}
