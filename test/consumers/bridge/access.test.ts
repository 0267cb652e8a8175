// How the bridge gets into a NATS server: user and password, token, nkey, credentials file, TLS; and what it is not let do.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { credsAuthenticator, nkeyAuthenticator, nkeys } from 'nats'
import { patient, requireNats, startNats, type NatsServer } from '../../nats-server.ts'
import { temporaryDirectory } from '../../process.ts'
import { startBridged } from './bridged.ts'
import { until } from '../../until.ts'

/** A bridge with these settings gets in and carries an entry; with those others it says why it doesn't, and no secret. */
async function lets(
  t: ExecutionContext, nats: NatsServer, args: readonly string[], wrong: readonly string[], secrets: readonly string[],
): Promise<void> {
  const b = await startBridged(t, nats.url, args)
  await b.ask('BRIDGE', 'ADD', 'out', 'stream-out', 's', 'CREATE', `S${b.port}`, 'SUBJECT', `s${b.port}`)
  await b.ask('XADD', 's', '*', 'data', 'x')
  await until('published', async () => (await b.map('BRIDGE', 'INFO', 'out'))['published'] === '1')
  const shown = [
    await b.ask('CONFIG', 'GET', 'bridge-*'), await b.ask('BRIDGE', 'LIST'), await b.ask('BRIDGE', 'INFO'), await b.ask('INFO', 'bridge'),
    await b.ask('CONFIG', 'SET', ...wrong), await b.ask('SLOWLOG', 'GET'), b.reports.join('\n'),
  ].join('\n')
  for (const secret of secrets) t.false(shown.includes(secret), `${secret} is shown: ${shown}`)
  if (wrong.length === 0) return
  await until('refused', async () => /uthorization|tls|certificate/i.test((await b.map('BRIDGE', 'INFO'))['error']!))
  t.is((await b.map('BRIDGE', 'INFO', 'out'))['state'], 'down')
  t.false(b.reports.some((line) => secrets.some((secret) => line.includes(secret))))
}

test('user and password, token', async (t) => {
  if (!requireNats(t)) return
  const config = 'authorization { user: ann, password: "pass word" }'
  const user = await startNats(t, { config, client: { user: 'ann', pass: 'pass word' } })
  const args = ['--slowlog-log-slower-than', '0', '--bridge-nats-user', 'ann', '--bridge-nats-password', 'pass word']
  await lets(t, user, args, ['bridge-nats-password', 'wr0ng-secret'], ['pass word', 'wr0ng-secret'])
  const token = await startNats(t, { config: 'authorization { token: "t0ken" }', client: { token: 't0ken' } })
  await lets(t, token, ['--bridge-nats-token', 't0ken'], ['bridge-nats-token', 'wr0ng-secret'], ['t0ken', 'wr0ng-secret'])
})

test('nkey', async (t) => {
  if (!requireNats(t)) return
  const dir = temporaryDirectory(t)
  const pair = nkeys.createUser()
  const seed = Buffer.from(pair.getSeed()).toString()
  const other = Buffer.from(nkeys.createUser().getSeed()).toString()
  writeFileSync(path.join(dir, 'user.nk'), `${seed}\n`)
  writeFileSync(path.join(dir, 'other.nk'), other)
  const config = `authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }`
  const nats = await startNats(t, { config, client: { authenticator: nkeyAuthenticator(pair.getSeed()) } })
  await lets(t, nats, ['--bridge-nats-nkey-file', path.join(dir, 'user.nk')], ['bridge-nats-nkey-file', path.join(dir, 'other.nk')],
    [seed, other])
})

type Pair = ReturnType<typeof nkeys.createUser>

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

/** A JWT of NATS: who `issuer` says that `subject` is. */
function jwt(issuer: Pair, subject: Pair, nats: object): string {
  const claims = {
    jti: randomUUID(), iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(), name: 'test', sub: subject.getPublicKey(),
    nats: { version: 2, ...nats },
  }
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`
}

function creds(token: string, seed: string): string {
  return `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n` +
    `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`
}

test('a credentials file with a JWT', async (t) => {
  if (!requireNats(t)) return
  const dir = temporaryDirectory(t)
  const [operator, account, user, stranger] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser(), nkeys.createUser()]
  const system = nkeys.createAccount()
  const limits = {
    subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1,
    mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1,
  }
  const accountJwt = jwt(operator, account, { type: 'account', limits, default_permissions: { pub: {}, sub: {} } })
  const none = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
  const systemJwt = jwt(operator, system, { type: 'account', limits: none, default_permissions: { pub: {}, sub: {} } })
  const userJwt = jwt(account, user, { type: 'user', pub: {}, sub: {}, subs: -1, data: -1, payload: -1 })
  const seed = Buffer.from(user.getSeed()).toString()
  const file = path.join(dir, 'user.creds')
  writeFileSync(file, creds(userJwt, seed))
  writeFileSync(path.join(dir, 'other.creds'), creds(userJwt, Buffer.from(stranger.getSeed()).toString()))
  const nats = await startNats(t, {
    config: [
      `operator: ${jwt(operator, operator, { type: 'operator' })}`, 'resolver: MEMORY',
      `system_account: ${system.getPublicKey()}`,
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }`,
    ].join('\n'),
    client: { authenticator: credsAuthenticator(Buffer.from(creds(userJwt, seed))) },
  })
  await lets(t, nats, ['--bridge-nats-creds-file', file], ['bridge-nats-creds-file', path.join(dir, 'other.creds')], [seed, userJwt])
})

test('TLS: with the authority it is told and a certificate of its own, and not with another authority', async (t) => {
  if (!requireNats(t)) return
  const dir = temporaryDirectory(t)
  const file = (name: string): string => path.join(dir, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  for (const ca of ['ca', 'other']) {
    openssl('req', '-x509', ...key, '-keyout', file(`${ca}.key`), '-out', file(`${ca}.crt`), '-subj', `/CN=${ca}`)
  }
  openssl('req', ...key, '-keyout', file('a.key'), '-out', file('a.csr'), '-subj', '/CN=localhost')
  writeFileSync(file('san'), 'subjectAltName=IP:127.0.0.1,DNS:localhost')
  openssl('x509', '-req', '-in', file('a.csr'), '-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial',
    '-out', file('a.crt'), '-extfile', file('san'))
  const tls = { caFile: file('ca.crt'), certFile: file('a.crt'), keyFile: file('a.key') }
  const nats = await startNats(t, {
    config: `tls { cert_file: "${file('a.crt')}", key_file: "${file('a.key')}", ca_file: "${file('ca.crt')}", verify: true }`,
    client: { tls },
  })
  const args = [
    '--bridge-nats-tls', 'yes', '--bridge-nats-tls-ca-file', tls.caFile, '--bridge-nats-tls-cert-file', tls.certFile,
    '--bridge-nats-tls-key-file', tls.keyFile,
  ]
  await lets(t, nats, args, ['bridge-nats-tls-ca-file', file('other.crt')], [])
  const plain = await startNats(t)
  const b = await startBridged(t, plain.url, ['--bridge-nats-tls', 'yes', '--bridge', 'c channels a'])
  await until('refused', async () => (await b.map('BRIDGE', 'INFO'))['error'] !== '')
  t.is((await b.map('BRIDGE', 'INFO'))['connection'], 'connecting')
})

test('subjects that the server does not permit are said, and the broker goes on', async (t) => {
  if (!requireNats(t)) return
  const nats = await startNats(t, {
    config: `accounts { A { jetstream: enabled, users: [
      { user: all, password: x }
      { user: some, password: x, permissions { publish { deny: [ "s", "c.>" ] }, subscribe { deny: [ "d.>" ] } } }
    ] } }`,
    client: { user: 'all', pass: 'x' },
  })
  const nc = await nats.connect()
  t.teardown(() => nc.close())
  await (await nc.jetstreamManager(patient)).streams.add({ name: 'S', subjects: ['s'] })
  const b = await startBridged(t, nats.url, ['--bridge-nats-user', 'some', '--bridge-nats-password', 'x'])
  await b.ask('BRIDGE', 'ADD', 'out', 'stream-out', 's')
  await b.ask('BRIDGE', 'ADD', 'c', 'channels', 'c.*', 'DIRECTION', 'out')
  await b.ask('BRIDGE', 'ADD', 'd', 'channels', 'd.*')
  await b.ask('XADD', 's', '*', 'data', 'x')
  await until('said of s', async () => (await b.map('BRIDGE', 'INFO', 'out'))['error'] === 'the server permits no publish to s')
  await b.ask('PUBLISH', 'c.1', 'x')
  await until('said of c', async () => (await b.map('BRIDGE', 'INFO', 'c'))['error'] === 'the server permits no publish of c.1')
  await until('said of d', async () => (await b.map('BRIDGE', 'INFO', 'd'))['error'] === 'the server permits no subscription of d.>')
  t.is(await b.ask('PING'), '+PONG')
})
