// Replication over TLS, with certificates on both sides: a redis-server follows us, and we follow it.

import test from 'ava'
import { readState, stateDifferences } from '../../compat/state.ts'
import { freePort, requireRedis, startMillrace, startRedis } from '../../process.ts'
import { certificates } from '../certificates.ts'
import { caughtUp, infoField, linkIsUp } from './attached.ts'
import { until } from '../../until.ts'

for (const [name, one, other] of [
  ['Millrace → redis-server', startMillrace, startRedis], ['redis-server → Millrace', startRedis, startMillrace],
] as const) {
  test(`tls-replication: ${name}`, async (t) => {
    if (!requireRedis(t)) return
    const c = certificates(t)
    const secure = (cert: string, key: string): string[] => [
      '--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', c.ca, '--tls-auth-clients', 'yes', '--tls-replication', 'yes',
    ]
    const [tlsPort, otherPort] = [await freePort(), await freePort()]
    const quick = ['--repl-diskless-sync-delay', '0']
    const master = await one(t, { args: [...quick, '--tls-port', String(tlsPort), ...secure(c.cert, c.key)] })
    const leads = await master.connect()
    await leads.pipeline(Array.from({ length: 2000 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(i)]))
    const follower = ['--tls-port', String(otherPort), '--replicaof', `127.0.0.1 ${tlsPort}`]
    const replica = await other(t, { args: [...follower, ...secure(c.cert, c.key)] })
    const follows = await replica.connect()
    await until('the link is up', () => linkIsUp(follows))
    await leads.call('CLIENT', 'KILL', 'TYPE', 'replica')
    await leads.pipeline(Array.from({ length: 2000 }, (_, i) => ['APPEND', `key:${i}`, 'y'.repeat(300)]))
    await until('it goes on', async () => await infoField(leads, 'sync_partial_ok') === '1' && await linkIsUp(follows))
    await caughtUp(leads, follows)
    t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
    t.regex((await infoField(leads, 'slave0'))!, new RegExp(`,port=${otherPort},state=online`))

    // Who can't show a certificate of this authority is not let in.
    const stranger = await other(t, { args: ['--replicaof', `127.0.0.1 ${tlsPort}`, ...secure(c.strangerCert, c.strangerKey)] })
    const refused = await stranger.connect()
    await until('it tried', async () => /link|SSL|certificate/i.test(stranger.output))
    t.is(await infoField(refused, 'master_link_status'), 'down')
    const shown = ['tls-client-cert-file', c.cert, 'tls-client-key-file', c.key]
    t.is(await refused.text('CONFIG', 'SET', ...shown), '+OK\r\n', 'to others it shows what it was given for that')
    await until('the link is up', () => linkIsUp(refused))
    for (const client of [leads, follows, refused]) client.destroy()
  })
}
