// The parameters of the bridge to NATS (consumers/bridge reads them). What a bridge's words mean is checked there.

import { bool, Refused, text, words } from './row.ts'
import { quote } from './value.ts'

const none: readonly (readonly string[])[] = []

/** `bridge <name> <kind> …`, once for each bridge. */
const bridges = words('bridge', none, {
  immutable: true,
  parse: (list) => {
    if (list.length < 2) throw new Refused('a bridge has a name and a kind')
    return [list]
  },
  accumulate: (before, line) => [...before, ...line],
  format: (list) => list.map((one) => line(one)).join(', '),
  lines: (list) => list.map((one) => line(one)),
})

/** One bridge as it stands in a file. */
function line(list: readonly string[]): string {
  return list.map((word) => (/^[!#-&(-[\]-~]+$/.test(word) ? word : quote(word))).join(' ')
}

/** Servers, parted by blanks or commas. */
function servers(value: string): string {
  for (const one of value.split(/[\s,]+/).filter((word) => word !== '')) {
    const url = URL.parse(/:\/\//.test(one) ? one : `nats://${one}`)
    if (url === null || url.hostname === '' || !['nats:', 'tls:'].includes(url.protocol)) {
      throw new Refused('not the address of a NATS server, as nats://host:4222')
    }
    if (url.username !== '' || url.password !== '') {
      throw new Refused('credentials are no part of the address: bridge-nats-user, bridge-nats-password, …')
    }
  }
  return value
}

function origin(value: string): string {
  if (!/^[\w-]{0,64}$/.test(value)) throw new Refused('up to 64 letters, digits, - and _')
  return value
}

export const bridgeRows = [
  bridges,
  text('bridge-nats-url', 'nats://127.0.0.1:4222', { accept: servers }),
  text('bridge-nats-user', ''),
  text('bridge-nats-password', '', { sensitive: true, hiddenValue: true }),
  text('bridge-nats-token', '', { sensitive: true, hiddenValue: true }),
  text('bridge-nats-nkey-file', ''),
  text('bridge-nats-creds-file', ''),
  bool('bridge-nats-tls', false),
  text('bridge-nats-tls-ca-file', ''),
  text('bridge-nats-tls-cert-file', ''),
  text('bridge-nats-tls-key-file', ''),
  text('bridge-nats-domain', '', { accept: origin }),
  text('bridge-origin', '', { accept: origin }),
] as const
