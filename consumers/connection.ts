// Connections to a broker: over the network with ioredis, or within the process to an embedded one. Both are the same
// client from there on.

import type { Duplex } from 'node:stream'
import { AbstractConnector, Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'
import { MillraceError } from '../core/errors.ts'
import { reconnectMsMax, reconnectMsMin } from './limits.ts'

/** A broker in this process: what `createBroker` returns is one. */
export type EmbeddedBroker = { readonly clients: unknown, connect(): Duplex }

/** Where the broker is: options of ioredis, a client of ioredis that stays its owner's, or a broker in this process. */
export type Connection = RedisOptions | Redis | EmbeddedBroker

/** A client, and whether it was made here, and so is to be closed here. */
export type Client = { redis: Redis, own: boolean }

/** Commands wait for the connection as long as it takes, and are sent again after a loss: only for idempotent ones. */
export const patient: RedisOptions = { maxRetriesPerRequest: null }
/** Commands fail when the connection is lost: what became of them is unknown. */
export const candid: RedisOptions = { maxRetriesPerRequest: 0 }

const common: RedisOptions = {
  retryStrategy: (times) => Math.min(reconnectMsMin * 2 ** Math.min(times - 1, 16), reconnectMsMax),
}

/** The client to send commands with: the given one, or a new one. Throws KEYPREFIX for clients that rename keys. */
export function openClient(connection: Connection, manner: RedisOptions): Client {
  if (!(connection instanceof Redis)) return openOwn(connection, manner)
  refuseKeyPrefix(connection.options)
  return { redis: connection, own: false }
}

/** A client of its own, for commands that block or watch. Throws KEYPREFIX, too. */
export function openOwn(connection: Connection, manner: RedisOptions): Client {
  if (connection instanceof Redis) {
    refuseKeyPrefix(connection.options)
    return guarded(connection.duplicate(manner))
  }
  if (isEmbedded(connection)) {
    return guarded(new Redis({ ...common, ...manner, Connector: connectorTo(connection) }))
  }
  refuseKeyPrefix(connection)
  return guarded(new Redis({ ...common, ...connection, ...manner }))
}

/** Scripts and scans name keys as they are. */
function refuseKeyPrefix({ keyPrefix }: RedisOptions): void {
  if (keyPrefix) throw new MillraceError('KEYPREFIX', 'keyPrefix can\'t be used here')
}

/** Whoever owns the client hears of its errors; without this one they would also be printed. */
function guarded(redis: Redis): Client {
  redis.on('error', ignore)
  return { redis, own: true }
}

function ignore(): void {}

function isEmbedded(connection: Connection): connection is EmbeddedBroker {
  return typeof (connection as Partial<EmbeddedBroker>).connect === 'function' && 'clients' in connection
}

function connectorTo(broker: EmbeddedBroker): new (options: unknown) => AbstractConnector {
  return class InProcessConnector extends AbstractConnector {
    constructor() {
      super(reconnectMsMax)
    }

    override async connect(): ReturnType<AbstractConnector['connect']> {
      const stream = broker.connect()
      this.stream = stream as unknown as typeof this.stream
      return this.stream
    }
  }
}
