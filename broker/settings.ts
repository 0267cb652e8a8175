// The broker's own tunables: the names of redis.conf that sockets, gates and the transaction of bytes read at each use.
// The CONFIG table writes them; whoever must act on a change at once is told by its hook there.

export type OutputClass = 'normal' | 'replica' | 'pubsub'

/** `client-output-buffer-limit` of one class; 0 means no limit. */
export type OutputLimit = { hardBytes: number; softBytes: number; softSeconds: number }

export type TlsSettings = {
  port: number
  certFile: string
  keyFile: string
  keyFilePass: string
  caCertFile: string
  caCertDir: string
  authClients: 'yes' | 'no' | 'optional'
  protocols: string
  ciphers: string
  ciphersuites: string
  preferServerCiphers: boolean
  sessionCaching: boolean
}

export type BrokerSettings = {
  port: number
  /** Addresses to listen on; one that begins with `-` may be missing. */
  bind: string[]
  backlog: number
  unixSocket: string
  /** Mode of the unix socket's file, 0 to leave it. */
  unixSocketMode: number
  tls: TlsSettings
  protectedMode: boolean
  clientsMax: number
  /** Seconds after which an idle client is closed, 0 for never. */
  idleSeconds: number
  keepaliveSeconds: number
  requirePass: string
  /** `proto-max-bulk-len`. */
  bulkBytesMax: number
  /** `client-query-buffer-limit`. */
  queryBytesMax: number
  outputLimits: Record<OutputClass, OutputLimit>
  /** `slowlog-log-slower-than` in microseconds, negative for off. */
  slowlogMicros: number
  slowlogMax: number
  /** `latency-monitor-threshold` in ms, 0 for off. */
  latencyMs: number
  /** `latency-tracking`: keep a histogram per command. */
  latencyTracking: boolean
  enableDebug: 'yes' | 'no' | 'local'
  /** Seconds that a graceful stop waits at most. */
  shutdownSeconds: number
}

export function defaultBrokerSettings(): BrokerSettings {
  return {
    port: 6379,
    bind: ['*', '-::*'],
    backlog: 511,
    unixSocket: '',
    unixSocketMode: 0,
    tls: {
      port: 0, certFile: '', keyFile: '', keyFilePass: '', caCertFile: '', caCertDir: '', authClients: 'yes',
      protocols: '', ciphers: '', ciphersuites: '', preferServerCiphers: false, sessionCaching: true,
    },
    protectedMode: true,
    clientsMax: 10000,
    idleSeconds: 0,
    keepaliveSeconds: 300,
    requirePass: '',
    bulkBytesMax: 512 * 1024 * 1024,
    queryBytesMax: 1024 * 1024 * 1024,
    outputLimits: {
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      replica: { hardBytes: 256 * 1024 * 1024, softBytes: 64 * 1024 * 1024, softSeconds: 60 },
      pubsub: { hardBytes: 32 * 1024 * 1024, softBytes: 8 * 1024 * 1024, softSeconds: 60 },
    },
    slowlogMicros: 10000,
    slowlogMax: 128,
    latencyMs: 0,
    latencyTracking: true,
    enableDebug: 'no',
    shutdownSeconds: 10,
  }
}
