// The package's entry: a broker within a program of one's own.

export { Broker, createBroker } from '../broker/broker.ts'
export type { BrokerOptions, LogLevel } from '../broker/broker.ts'
export { Config, ConfigError, createConfig } from '../broker/config/config.ts'
export { MillraceError } from '../core/errors.ts'
