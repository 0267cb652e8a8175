// The error replies that several families share, in Redis's own words.

export const replies = {
  syntax: 'ERR syntax error',
  notInteger: 'ERR value is not an integer or out of range',
  notInt32: 'ERR value is out of range, value must between -2147483648 and 2147483647',
  notFloat: 'ERR value is not a valid float',
  outOfRange: 'ERR value is out of range',
  indexOutOfRange: 'ERR index out of range',
  mustBePositive: 'ERR value is out of range, must be positive',
  wrongType: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  noSuchKey: 'ERR no such key',
  busyKey: 'BUSYKEY Target key name already exists.',
  sameObject: 'ERR source and destination objects are the same',
  stringTooLong: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  overflow: 'ERR increment or decrement would overflow',
  timeoutNotInteger: 'ERR timeout is not an integer or out of range',
  timeoutNegative: 'ERR timeout is negative',
  timeoutOutOfRange: 'ERR timeout is out of range',
  dbOutOfRange: 'ERR DB index is out of range',
  invalidDbIndex: 'ERR invalid DB index',
  readOnlyReplica: "READONLY You can't write against a read only replica.",
  staleReplica: "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  tooFewReplicas: 'NOREPLICAS Not enough good replicas to write.',
  loading: 'LOADING Redis is loading the dataset in memory',
  outOfMemory: "OOM command not allowed when used memory > 'maxmemory'.",
} as const

/** `ERR wrong number of arguments for 'get' command` */
export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`
}

/** `ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.`; `container` in upper case. */
export function wrongSubcommand(name: string, container: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${name}'. Try ${container} HELP.`
}

/** An operating error that ends the start or an operator's request; `code` is stable. */
export class MillraceError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'MillraceError'
    this.code = code
  }
}
