// The line by which CLIENT LIST and CLIENT INFO describe a connection. Fields and their order:
// https://redis.io/docs/latest/commands/client-list/

import type { Socket } from 'node:net'
import { clientGates } from '../connection.ts'
import type { Connection } from '../connection.ts'
import type { MasterLink } from '../replication/master-link.ts'

const argsOverheadBytes = 24
/** What a connection takes beside its buffers, about. */
const connectionBytes = 8192
/** What a watched key or a subscription takes, about. */
const rememberedBytes = 64

/** The line about the link to our master, which is a client of Redis's, too. */
export function describeMaster(link: MasterLink): string {
  const { socket, stream } = link
  const output = socket.writableLength
  const idle = Math.floor((link.nowMs - link.lastMs) / 1000)
  return `id=${link.id} addr=${link.addr} laddr=${socket.localAddress}:${socket.localPort} fd=${fdOf(socket)} name= `
    + `age=${Math.floor((link.nowMs - link.sinceMs) / 1000)} idle=${idle} flags=M db=${stream?.db ?? 0} sub=0 psub=0 `
    + `ssub=0 multi=-1 watch=0 qbuf=${stream?.bufferedBytes ?? 0} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 `
    + `oll=${output > 0 ? 1 : 0} omem=${output} tot-mem=${connectionBytes + (stream?.bufferedBytes ?? 0) + output} `
    + `events=${output > 0 ? 'rw' : 'r'} cmd=${stream?.lastCommand ?? 'NULL'} user=(superuser) redir=-1 resp=2 `
    + 'lib-name= lib-ver='
}

export function describeClient(c: Connection): string {
  const now = c.broker.engine.clock.nowMs()
  const { parser } = c
  const inMulti = c.transaction
  const output = c.outputBytes
  const socketOutput = c.socket.writableLength
  return [
    `id=${c.id}`, `addr=${c.addr}`, `laddr=${c.laddr}`, `fd=${fdOf(c.socket)}`, `name=${c.name}`,
    `age=${Math.floor((now - c.createdMs) / 1000)}`, `idle=${Math.floor((now - c.lastActiveMs) / 1000)}`,
    `flags=${flagsOf(c)}`, `db=${c.db}`, `sub=${c.subscriptions?.channel.size ?? 0}`,
    `psub=${c.subscriptions?.pattern.size ?? 0}`, `ssub=${c.subscriptions?.shard.size ?? 0}`,
    `multi=${inMulti === undefined ? -1 : inMulti.commands.length}`, `watch=${c.watched.length}`,
    `qbuf=${parser.bufferedBytes}`, 'qbuf-free=0',
    `argv-mem=${c.postponed === undefined ? 0 : c.postponed.buf.length + argsOverheadBytes}`,
    `multi-mem=${inMulti === undefined ? 0 : inMulti.bytes}`, 'rbs=0', 'rbp=0',
    `obl=${c.heldBytes}`, `oll=${socketOutput > 0 ? 1 : 0}`, `omem=${socketOutput}`,
    `tot-mem=${clientMemory(c)}`, `events=${output > 0 ? 'rw' : 'r'}`,
    `cmd=${c.lastCommand === undefined ? 'NULL' : c.lastCommand.fullName}`, `user=${c.user}`,
    `redir=${c.tracked?.redirect ?? -1}`,
    `resp=${c.resp}`, `lib-name=${c.libName}`, `lib-ver=${c.libVer}`,
  ].join(' ')
}

/** Bytes that a connection takes, about. */
export function clientMemory(c: Connection): number {
  const { subscriptions } = c
  const topics = subscriptions === undefined
    ? 0 : subscriptions.channel.size + subscriptions.pattern.size + subscriptions.shard.size
  return connectionBytes + c.parser.bufferedBytes + c.outputBytes + (c.transaction?.bytes ?? 0)
    + (c.postponed?.buf.length ?? 0) + (c.watched.length + topics) * rememberedBytes
}

function flagsOf(c: Connection): string {
  let flags = ''
  if ((c.gates & clientGates.monitor) !== 0) flags += 'O'
  else if (c.outputClass === 'slave') flags += 'S'
  if (c.subscriptions !== undefined) flags += 'P'
  if (c.transaction !== undefined) flags += 'x'
  if (c.parked !== undefined) flags += 'b'
  if (c.tracked !== undefined) {
    flags += 't'
    if (c.tracked.broken) flags += 'R'
    if (c.tracked.bcast) flags += 'B'
  }
  if (c.dirty) flags += 'd'
  if (c.closing) flags += 'c'
  if (c.unix) flags += 'U'
  if (c.noEvict) flags += 'e'
  if (c.noTouch) flags += 'T'
  return flags === '' ? 'N' : flags
}

function fdOf(socket: Socket): number {
  const handle = (socket as unknown as { _handle?: { fd?: number } | null })._handle
  return handle?.fd ?? -1
}

/** The classes that TYPE filters know; undefined for any other word. */
export function clientType(word: string): 'normal' | 'master' | 'slave' | 'pubsub' | undefined {
  const lower = word.toLowerCase()
  if (lower === 'replica') return 'slave'
  return lower === 'normal' || lower === 'master' || lower === 'slave' || lower === 'pubsub' ? lower : undefined
}
