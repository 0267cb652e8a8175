// BRIDGE ADD, DEL, LIST, INFO, PAUSE, RESUME, HELP.

import type { BrokerSpec } from '../../broker/command.ts'
import { bindSubcommands } from '../../broker/commands/bind.ts'
import type { Connection } from '../../broker/connection.ts'
import { ReplyError } from '../../broker/inner-client.ts'
import type { Args } from '../../core/args.ts'
import type { Reply } from '../../core/reply.ts'
import type { BridgeFacts, Bridges } from './bridges.ts'
import { bridgeSpec } from './commands-spec.ts'
import { Wrong } from './definition.ts'

export type BridgesOf = (c: Connection) => Bridges

/** Runs what changes a bridge, and answers OK or why not. */
function change(r: Reply, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof Wrong || error instanceof ReplyError)) throw error
    return r.error(error.message)
  }
  r.ok()
}

function add(bridges: Bridges, a: Args, r: Reply): void {
  const words = Array.from({ length: a.count - 3 }, (_, i) => a.copy(i + 3))
  change(r, () => bridges.add(a.text(2), words))
}

function list(bridges: Bridges, r: Reply): void {
  const all = bridges.list()
  r.array(all.length)
  for (const facts of all) writeMap(r, headOf(facts))
}

function info(bridges: Bridges, a: Args, r: Reply): void {
  if (a.count > 3) return r.error(`ERR wrong number of arguments for 'bridge|info' command`)
  if (a.count === 2) return writeMap(r, linkLines(bridges))
  const name = a.text(2)
  const facts = bridges.list().find((one) => one.name === name)
  if (facts === undefined) return r.error(`ERR no bridge of the name '${name}'`)
  writeMap(r, [...headOf(facts), ...facts.figures])
}

function headOf({ name, kind, definition, source, phase, error }: BridgeFacts): [string, string | number][] {
  return [
    ['name', name], ['kind', kind], ['definition', definition], ['source', source], ['state', phase], ['error', error],
  ]
}

function linkLines({ link, size }: Bridges): [string, string | number][] {
  return [
    ['connection', link.state], ['server', link.server], ['connects', link.connects], ['error', link.lastError],
    ['bridges', size],
  ]
}

/** The section `bridge` of INFO: the connection, then a line for each bridge. */
export function infoLines(bridges: Bridges): [string, string | number][] {
  const lines = linkLines(bridges).map(([name, value]): [string, string | number] => [
    name === 'bridges' ? name : `bridge_${name}`, value,
  ])
  for (const { name, kind, phase, figures } of bridges.list()) {
    const shown: (readonly [string, string | number])[] = [['kind', kind], ['state', phase], ...figures]
    lines.push([`bridge_${name}`, shown.map(([field, value]) => `${field}=${value}`).join(',')])
  }
  return lines
}

function writeMap(r: Reply, lines: readonly (readonly [string, string | number])[]): void {
  r.map(lines.length)
  for (const [name, value] of lines) {
    r.text(name)
    if (typeof value === 'number') r.int(value)
    else r.utf8(value)
  }
}

/** BRIDGE, for the bridges of the broker that a client is connected to. */
export function bridgeCommand(of: BridgesOf): BrokerSpec {
  return bindSubcommands(bridgeSpec, {
    add: (c, a, r) => add(of(c), a, r),
    del: (c, a, r) => change(r, () => of(c).remove(a.text(2))),
    info: (c, a, r) => info(of(c), a, r),
    list: (c, _, r) => list(of(c), r),
    pause: (c, a, r) => change(r, () => of(c).pause(a.text(2))),
    resume: (c, a, r) => change(r, () => of(c).resume(a.text(2))),
  })
}
