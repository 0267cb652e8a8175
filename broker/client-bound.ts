// Holds what clients take of memory under `maxmemory-clients`: who takes most is closed first, but for those that said
// CLIENT NO-EVICT, and for replicas. Looked at ten times a second, and in turns behind which much came or went.
// https://redis.io/docs/latest/develop/reference/clients/#client-eviction

import type { Broker } from './broker.ts'
import { clientMemory } from './commands/client-list.ts'
import { clientsBytesMin, clientsLookBytes } from './limits.ts'

export class ClientBound {
  /** There is a bound. */
  limited: boolean
  private readonly broker: Broker
  /** Bytes that all sockets had brought and taken when it was last looked at. */
  private movedBytes: number

  constructor(broker: Broker) {
    this.limited = false
    this.broker = broker
    this.movedBytes = 0
    const changed = (): void => {
      this.limited = this.limitBytes < Infinity
    }
    broker.config.onChange(['maxmemory-clients', 'maxmemory'], changed)
    changed()
  }

  /** Infinity where there is none: a share of `maxmemory` is one only if that is set. */
  get limitBytes(): number {
    const { maxmemoryClients, maxmemory } = this.broker.config.values
    const share = maxmemory === 0 ? 0 : Math.floor((maxmemory * -maxmemoryClients) / 100)
    const bytes = maxmemoryClients < 0 ? share : maxmemoryClients
    return bytes === 0 ? Infinity : Math.max(bytes, clientsBytesMin)
  }

  /** Only to be asked where there is a bound. */
  turnEnded(): void {
    if (this.moved - this.movedBytes >= clientsLookBytes) this.look()
  }

  /** Ten times a second. */
  tick(): void {
    if (this.limited) this.look()
  }

  private get moved(): number {
    return this.broker.stats.netIn + this.broker.stats.netOut
  }

  private look(): void {
    const { broker } = this
    this.movedBytes = this.moved
    const sizes = Array.from(broker.clients.values(), (client) => ({ client, bytes: clientMemory(client) }))
      .filter(({ client }) => client.outputClass !== 'slave')
    let sum = sizes.reduce((total, { bytes }) => total + bytes, 0)
    const limit = this.limitBytes
    if (sum < limit) return
    for (const { client, bytes } of sizes.toSorted((a, b) => b.bytes - a.bytes)) {
      if (sum < limit) return
      if (client.noEvict) continue
      sum -= bytes
      broker.stats.evictedClients++
      broker.report('notice', `client ${client.id} (${client.addr}) closed: its ${bytes} bytes were the most beyond `
        + 'maxmemory-clients')
      client.destroy()
    }
  }
}
