// The package's entry: a broker within a program of one's own.

import { createBroker as createBareBroker } from '../broker/broker.ts'
import type { Broker, BrokerOptions } from '../broker/broker.ts'
import { extensions as consumers } from '../consumers/extensions.ts'
import { monitoring } from './monitoring/extension.ts'

export { Broker } from '../broker/broker.ts'
export type { BrokerOptions, LogLevel } from '../broker/broker.ts'
export { Config, ConfigError, createConfig } from '../broker/config/config.ts'
export type { Attachment, Extension, InfoSection } from '../broker/extension.ts'
export { InnerClient, ReplyError } from '../broker/inner-client.ts'
export { readLog } from '../consumers/log-stream/read-log.ts'
export type { LogBatch, ReadLogOptions } from '../consumers/log-stream/read-log.ts'
export type { LogEntry } from '../consumers/log-stream/log-entry.ts'
export type { LogMatch } from '../consumers/log-stream/log-match.ts'
export { MillraceError } from '../core/errors.ts'
export { LogGap } from '../core/log/log-cursor.ts'

const extensions = [...consumers, monitoring]

/** A broker with an empty engine and, unless `extensions` says otherwise, all that Millrace has; `start` opens it. */
export function createBroker(options: BrokerOptions): Broker {
  return createBareBroker({ extensions, ...options })
}
