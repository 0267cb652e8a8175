// CLIENT TRACKING, CACHING and TRACKINGINFO: client-side caching.
// https://redis.io/docs/latest/commands/client-tracking/

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { Connection } from '../connection.ts'
import type { Tracked, TrackingOptions } from '../tracking.ts'

type Wanted = { options: TrackingOptions, prefixes: Buffer[] }

export function tracking(c: Connection, a: Args, r: Reply): void {
  const { broker } = c
  const wanted = readOptions(c, a)
  if (typeof wanted === 'string') return r.error(wanted)
  if (a.is(2, 'ON')) {
    const conflict = conflictOf(c.tracked, wanted)
    if (conflict !== undefined) return r.error(conflict)
    broker.tracking.enable(c, wanted.options, wanted.prefixes)
  } else if (a.is(2, 'OFF')) broker.tracking.disable(c)
  else return r.error(replies.syntax)
  broker.hookKeys()
  r.ok()
}

/** The options from argument 3 on, or the error. */
function readOptions(c: Connection, a: Args): Wanted | string {
  const options = { redirect: 0, bcast: false, optin: false, optout: false, noloop: false }
  const prefixes: Buffer[] = []
  for (let i = 3; i < a.count; i++) {
    const more = i + 1 < a.count
    if (a.is(i, 'REDIRECT') && more) {
      if (options.redirect !== 0) return 'ERR A client can only redirect to a single other client'
      options.redirect = a.int(++i)
      if (Number.isNaN(options.redirect)) return replies.notInteger
      if (!c.broker.clients.has(options.redirect)) {
        return 'ERR The client ID you want redirect to does not exist'
      }
    } else if (a.is(i, 'BCAST')) options.bcast = true
    else if (a.is(i, 'OPTIN')) options.optin = true
    else if (a.is(i, 'OPTOUT')) options.optout = true
    else if (a.is(i, 'NOLOOP')) options.noloop = true
    else if (a.is(i, 'PREFIX') && more) prefixes.push(a.copy(++i))
    else return replies.syntax
  }
  return { options, prefixes }
}

/** Why the options can't stand together, or not with those that are in force. */
function conflictOf(before: Tracked | undefined, { options, prefixes }: Wanted): string | undefined {
  const { bcast, optin, optout } = options
  if (!bcast && prefixes.length > 0) return 'ERR PREFIX option requires BCAST mode to be enabled'
  if (before !== undefined && before.bcast !== bcast) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it "
      + 'with a different mode.'
  }
  if (bcast && (optin || optout)) return 'ERR OPTIN and OPTOUT are not compatible with BCAST'
  if (optin && optout) return "ERR You can't specify both OPTIN mode and OPTOUT mode"
  if (before !== undefined && ((optin && before.optout) || (optout && before.optin))) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it "
      + 'with a different mode.'
  }
  return bcast ? overlap(inOrder(before?.prefixes ?? []), prefixes) : undefined
}

function inOrder(prefixes: readonly Buffer[]): Buffer[] {
  return prefixes.toSorted((one, other) => one.compare(other))
}

function overlap(existing: readonly Buffer[], prefixes: readonly Buffer[]): string | undefined {
  const end = '. Prefixes for a single client must not overlap.'
  for (const [i, prefix] of prefixes.entries()) {
    const old = existing.find((other) => overlaps(prefix, other))
    if (old !== undefined) return `ERR Prefix '${text(prefix)}' overlaps with an existing prefix '${text(old)}'${end}`
    const other = prefixes.slice(i + 1).find((next) => overlaps(prefix, next))
    if (other !== undefined) {
      return `ERR Prefix '${text(prefix)}' overlaps with another provided prefix '${text(other)}'${end}`
    }
  }
  return undefined
}

function overlaps(a: Buffer, b: Buffer): boolean {
  const length = Math.min(a.length, b.length)
  return a.compare(b, 0, length, 0, length) === 0
}

/** As far as an error's text goes: to the first zero byte. */
function text(prefix: Buffer): string {
  return prefix.toString('latin1').split('\0', 1)[0]!
}

export function caching(c: Connection, a: Args, r: Reply): void {
  const { tracked } = c
  if (tracked === undefined) {
    return r.error('ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT '
      + 'mode enabled')
  }
  if (a.is(2, 'YES')) {
    if (!tracked.optin) return r.error('ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.')
  } else if (a.is(2, 'NO')) {
    if (!tracked.optout) return r.error('ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.')
  } else return r.error(replies.syntax)
  c.broker.tracking.setCaching(c, true)
  r.ok()
}

export function trackingInfo(c: Connection, _: Args, r: Reply): void {
  const { tracked } = c
  const flags = tracked === undefined ? ['off'] : flagsOf(tracked)
  const prefixes = inOrder(tracked?.prefixes ?? [])
  r.map(3)
  r.text('flags')
  r.set(flags.length)
  for (const flag of flags) r.text(flag)
  r.text('redirect')
  r.int(tracked?.redirect ?? -1)
  r.text('prefixes')
  r.array(prefixes.length)
  for (const prefix of prefixes) r.bulk(prefix, 0, prefix.length)
}

function flagsOf(tracked: Tracked): string[] {
  const { bcast, optin, optout, caching: given, noloop, broken } = tracked
  const flags = ['on']
  if (bcast) flags.push('bcast')
  if (optin) flags.push('optin', ...(given ? ['caching-yes'] : []))
  if (optout) flags.push('optout', ...(given ? ['caching-no'] : []))
  if (noloop) flags.push('noloop')
  if (broken) flags.push('broken_redirect')
  return flags
}
