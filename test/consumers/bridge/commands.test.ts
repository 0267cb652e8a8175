// BRIDGE: its forms and errors, what outlasts a restart, and the change of roles.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { createConfig } from '../../../broker/config/config.ts'
import { createBroker } from '../../../broker/broker.ts'
import { bridgeExtension } from '../../../consumers/bridge/extension.ts'
import { parseDefinition, readWords, wordsText, Wrong } from '../../../consumers/bridge/definition.ts'
import { patient, requireNats, startJetStream, startNats } from '../../nats-server.ts'
import { freePort, temporaryDirectory } from '../../process.ts'
import { startBridged } from './bridged.ts'
import { until } from '../../until.ts'

function broker(line: string): void {
  createBroker({ config: createConfig(['--bridge', line]), extensions: [bridgeExtension] })
}

/** Where nobody listens. */
async function nowhere(): Promise<string> {
  return `nats://127.0.0.1:${await freePort()}`
}

test('definitions that can not be are refused, and say why', async (t) => {
  const b = await startBridged(t, await nowhere())
  const refused = async (words: string, error: RegExp): Promise<void> => {
    t.regex(await b.ask('BRIDGE', 'ADD', ...words.split(' ')), error, words)
  }
  await refused('a', /wrong number of arguments for 'bridge\|add'/)
  await refused('a stream-out', /wrong number of arguments for a bridge of kind 'stream-out'/)
  await refused('a stream-in J', /wrong number of arguments for a bridge of kind 'stream-in'/)
  await refused('a constructor x', /unknown kind of bridge 'constructor': channels, events, stream-out, stream-in/)
  await refused('a/b channels x', /a bridge's name has up to 64 letters/)
  await refused(`${'x'.repeat(65)} channels x`, /a bridge's name has up to 64 letters/)
  await refused('a channels x FROM 1', /a bridge of kind 'channels' has no option 'FROM'/)
  await refused('a channels x PREFIX', /the option PREFIX needs a value/)
  await refused('a channels x PREFIX a prefix b', /the option PREFIX stands twice/)
  await refused('a channels *', /such a pattern would take all subjects/)
  await refused('a channels x PREFIX a.>', /PREFIX is no subject without wildcards/)
  await refused('a channels x PREFIX $JS.API', /PREFIX is a subject that NATS keeps for itself/)
  await refused('a channels x DIRECTION up', /DIRECTION is both, out or in/)
  await refused('a events x CLASSES Q', /CLASSES are letters of/)
  await refused('a stream-out x FROM y', /FROM is an entry id or \$/)
  await refused('a stream-out x DB 16', /DB is a number from 0 to 15/)
  await refused('a stream-out x INFLIGHT 0', /INFLIGHT is a number from 1 to 16384/)
  await refused('a stream-out x CREATE a.b', /'a.b' is no name of a JetStream stream/)
  await refused('a stream-out $all', /the streams of the log are not bridged/)
  await refused('a stream-in J x FROM 0', /FROM is first, new or a sequence from 1 on/)
  await refused('a stream-in J x FILTER a..b', /FILTER is no subject/)
  await refused('a stream-in J x MAXLEN -1', /MAXLEN is a number/)
  t.regex(await b.ask('BRIDGE', 'ADD', 'a', 'stream-out', Buffer.alloc(4000, 'x')), /the key is too long for a subject: give SUBJECT/)
  const long = 'x'.repeat(2000)
  t.regex(await b.ask('BRIDGE', 'ADD', 'a', 'channels', `${long}.*`, 'PREFIX', long), /the pattern is too long for a subject/)
  t.is(await b.ask('BRIDGE', 'LIST'), '*[]')
  t.is(await b.ask('EXISTS', 'millrace:bridges'), ':0', 'nothing is left of what was refused')
  for (const command of ['DEL', 'PAUSE', 'RESUME', 'INFO']) {
    t.is(await b.ask('BRIDGE', command, 'nope'), "-ERR no bridge of the name 'nope'")
  }
  t.is(await b.ask('BRIDGE', 'ADD', 'a', 'channels', 'x'), '+OK')
  t.is(await b.ask('BRIDGE', 'ADD', 'a', 'channels', 'y'), "-ERR a bridge of the name 'a' exists")
  t.regex(await b.ask('BRIDGE', 'HELP'), /STREAM-IN <stream> <key>/)
  await b.ask('MULTI')
  t.regex(await b.ask('BRIDGE', 'DEL', 'a'), /not allowed inside a transaction/)
  await b.ask('DISCARD')
  t.regex(await b.ask('EVAL', 'return redis.call("BRIDGE", "LIST")', '0'), /not allowed from script/)
})

test('words of any bytes come back from the line that the log keeps', (t) => {
  const words = [Buffer.from('stream-out'), Buffer.from([0, 32, 255, 37, 13, 10]), Buffer.alloc(0), Buffer.from('ü x')]
  t.deepEqual(readWords(wordsText(words)), words)
  t.is(wordsText(words), 'stream-out %00%20%FF%25%0D%0A % %C3%BC%20x')
  const error = t.throws(() => parseDefinition('a', [Buffer.from('channels'), Buffer.from('*')], 16), { instanceOf: Wrong })
  t.regex(error.message, /^ERR /)
})

test('bridges of the configuration: a wrong one ends the start; they are not removed, but rest', async (t) => {
  t.throws(() => broker('a stream-out'), { message: /bridge a stream-out.*\n.*wrong number of arguments/ })
  t.throws(() => broker('a nothing x'), { message: /unknown kind of bridge/ })
  t.throws(() => createConfig(['--bridge', 'a']), { message: /a bridge has a name and a kind/ })
  t.throws(() => createConfig(['--bridge-nats-url', 'nats://ann:secret@host']), { message: /credentials are no part of the address/ })
  t.throws(() => createConfig(['--bridge-nats-url', 'http://host']), { message: /not the address of a NATS server/ })

  const dir = temporaryDirectory(t)
  const file = path.join(dir, 'redis.conf')
  writeFileSync(file, 'bridge one stream-out "a key" SUBJECT s\nbridge two channels c\nbridge-nats-password "pass word"\n')
  const config = createConfig([file])
  t.deepEqual(config.values.bridge, [['one', 'stream-out', 'a key', 'SUBJECT', 's'], ['two', 'channels', 'c']])
  t.is(config.get('bridge-nats-password'), '(hidden)')
  t.is(config.rewrite(), undefined)
  const again = createConfig([file])
  t.deepEqual(again.values.bridge, config.values.bridge)
  t.is(again.values.bridgeNatsPassword, 'pass word')

  const b = await startBridged(t, await nowhere(), ['--bridge', 'one channels c'])
  t.regex(await b.ask('BRIDGE', 'DEL', 'one'), /the bridge 'one' stands in the configuration/)
  t.regex(await b.ask('BRIDGE', 'ADD', 'one', 'channels', 'd'), /a bridge of the name 'one' exists/)
  t.regex(await b.ask('CONFIG', 'SET', 'bridge', 'x channels c'), /can't set immutable config/)
  t.is(await b.ask('BRIDGE', 'PAUSE', 'one'), '+OK')
  t.is((await b.map('BRIDGE', 'INFO', 'one'))['state'], 'paused')
})

test('what was added at run time outlasts a restart: definitions, pauses, cursors', async (t) => {
  if (!requireNats(t)) return
  const nats = await startNats(t)
  const first = await startBridged(t, nats.url)
  const key = Buffer.from([107, 0, 255])
  await first.ask('BRIDGE', 'ADD', 'out', 'stream-out', key, 'SUBJECT', 's', 'CREATE', 'S', 'FROM', '$')
  await first.ask('BRIDGE', 'ADD', 'rest', 'channels', 'c')
  await first.ask('BRIDGE', 'ADD', 'gone', 'channels', 'd')
  await first.ask('BRIDGE', 'PAUSE', 'rest')
  await first.ask('BRIDGE', 'DEL', 'gone')
  await first.ask('XADD', key, '*', 'data', '1')
  await until('one', async () => (await first.map('BRIDGE', 'INFO', 'out'))['published'] === '1')
  await first.stop()

  const second = await startBridged(t, nats.url, [], first.dir)
  await until('flows', async () => (await second.map('BRIDGE', 'INFO', 'out'))['state'] === 'flowing')
  t.is((await second.map('BRIDGE', 'INFO', 'rest'))['state'], 'paused')
  t.regex(await second.ask('BRIDGE', 'INFO', 'gone'), /no bridge/)
  await second.ask('XADD', key, '*', 'data', '2')
  await until('the second', async () => (await second.map('BRIDGE', 'INFO', 'out'))['published'] === '1')
  const definition = 'stream-out k%00%FF SUBJECT s CREATE S FROM $'
  t.like(await second.map('BRIDGE', 'INFO', 'out'), { duplicates: '0', aligned: '0', definition })
  await second.ask('BRIDGE', 'DEL', 'out')
  await second.ask('BRIDGE', 'DEL', 'rest')
  t.is(await second.ask('EXISTS', 'millrace:bridge:out', 'millrace:bridge:rest'), ':0')
  await until('no connection', async () => (await second.map('BRIDGE', 'INFO'))['connection'] === 'off')
})

test('a replica is passive; promoted it goes on from where its master was', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc, jsm } = await startJetStream(t)
  await jsm.streams.add({ name: 'IN', subjects: ['in'] })
  const master = await startBridged(t, nats.url)
  const replica = await startBridged(t, nats.url)
  await master.ask('BRIDGE', 'ADD', 'out', 'stream-out', 's', 'CREATE', 'OUT')
  await master.ask('BRIDGE', 'ADD', 'in', 'stream-in', 'IN', 'copy')
  t.is(await replica.ask('REPLICAOF', '127.0.0.1', String(master.port)), '+OK')
  for (let i = 1; i <= 50; i++) {
    await master.ask('XADD', 's', '*', 'n', String(i))
    await nc.jetstream(patient).publish('in', String(i))
  }
  await until('replicated', async () => await replica.ask('XLEN', 'copy') === ':50' && await replica.ask('XLEN', 's') === ':50')
  t.like(await replica.map('BRIDGE', 'INFO', 'out'), { state: 'passive' })
  t.is((await replica.map('BRIDGE', 'INFO'))['connection'], 'off')
  for (const readOnly of ['yes', 'no']) {
    await replica.ask('CONFIG', 'SET', 'replica-read-only', readOnly)
    for (const words of [['PAUSE', 'out'], ['RESUME', 'out'], ['DEL', 'out'], ['ADD', 'more', 'channels', 'x']]) {
      t.regex(await replica.ask('BRIDGE', ...words), /^-READONLY/, `${readOnly} ${words.join(' ')}`)
    }
  }
  await until('the cursor is written', async () => (await replica.ask('HGET', 'millrace:bridge:out', 'cursor')).startsWith('$'))
  await master.stop()
  const promoted = await replica.client.pipeline([
    ['REPLICAOF', 'NO', 'ONE'], ['BRIDGE', 'PAUSE', 'out'], ['BRIDGE', 'RESUME', 'out'],
  ])
  t.deepEqual(promoted.map(String), ['+OK\r\n', '+OK\r\n', '+OK\r\n'])
  for (let i = 51; i <= 100; i++) {
    await replica.ask('XADD', 's', '*', 'n', String(i))
    await nc.jetstream(patient).publish('in', String(i))
  }
  await until('in', async () => await replica.ask('XLEN', 'copy') === ':100')
  await until('out', async () => (await jsm.streams.info('OUT')).state.messages >= 100)
  await until('all is sent', async () => (await replica.map('BRIDGE', 'INFO', 'out'))['lag'] === '0')
  const numbers: number[] = []
  for (let seq = 1; seq <= 100; seq++) numbers.push(Number((await jsm.streams.getMessage('OUT', { seq })).header.get('n')))
  t.deepEqual(numbers, Array.from({ length: 100 }, (_, i) => i + 1))
  t.is((await jsm.streams.info('OUT')).state.messages, 100)
  t.deepEqual((await replica.entries('copy')).map((entry) => Number(entry[2])), Array.from({ length: 100 }, (_, i) => i + 1))
})

test('a key of another type, a JetStream stream that is missing: the bridge says so, waits, and goes on', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc, jsm } = await startJetStream(t)
  const b = await startBridged(t, nats.url)
  await b.ask('SET', 'copy', 'x')
  await b.ask('BRIDGE', 'ADD', 'in', 'stream-in', 'J', 'copy')
  await b.ask('BRIDGE', 'ADD', 'out', 'stream-out', 's', 'SUBJECT', 'j.s')
  await until('missing', async () => (await b.map('BRIDGE', 'INFO', 'in'))['error'] === 'stream not found')
  await until('no subject', async () => /no JetStream stream takes/.test((await b.map('BRIDGE', 'INFO', 'out'))['error']!))
  await jsm.streams.add({ name: 'J', subjects: ['j.*'] })
  await nc.jetstream(patient).publish('j.x', '1')
  await until('another type', async () => (await b.map('BRIDGE', 'INFO', 'in'))['error']!.startsWith('WRONGTYPE'))
  await b.ask('DEL', 'copy')
  await b.ask('XADD', 's', '*', 'data', '2')
  await until('both go on', async () => await b.ask('XLEN', 'copy') === ':1' && (await b.map('BRIDGE', 'INFO', 'out'))['published'] === '1')
  // Emptied: the cursor went with the stream, so all that JetStream has comes again.
  await b.ask('FLUSHALL')
  await nc.jetstream(patient).publish('j.x', '3')
  await until('all again', async () => (await b.entries('copy')).length === 2)
  t.deepEqual((await b.entries('copy')).map((entry) => entry[2]), ['1', '3'])
})
