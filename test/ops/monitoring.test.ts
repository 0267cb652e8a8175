// What the broker tells those who watch it: Prometheus text, probes, spans and metrics sent by OTLP.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { createBroker, createConfig } from '../../ops/index.ts'
import { freePort, startMillrace, temporaryDirectory } from '../process.ts'
import type { ServerProcess } from '../process.ts'
import { RespClient } from '../resp-client.ts'
import { decode } from '../resp-value.ts'
import { collector } from './collector.ts'
import type { Span } from './collector.ts'
import { until } from '../until.ts'

type Sample = { name: string, labels: Record<string, string>, value: number }

/** Reads the text format, strictly: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
function parse(t: ExecutionContext, text: string): Sample[] {
  const samples: Sample[] = []
  const types = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const head = /^# (?:HELP ([a-z_:][\w:]*) .+|TYPE ([a-z_:][\w:]*) (counter|gauge|histogram)|UNIT .*)$/i.exec(line)
    if (head !== null) {
      if (head[2] !== undefined) types.set(head[2], head[3]!)
      continue
    }
    const found = /^([a-z_:][\w:]*)(?:\{(.*)\})? (-?[\d.e+-]+|\+Inf|NaN)$/i.exec(line)
    if (found === null) {
      t.fail(`no line of the format: ${line}`)
      continue
    }
    const labels = Object.fromEntries([...(found[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)",?/g)].map((m) => [m[1]!, m[2]!]))
    const family = found[1]!.replace(/_(bucket|sum|count)$/, '')
    t.true(types.has(found[1]!) || types.get(family) === 'histogram', `${found[1]} has no TYPE`)
    samples.push({ name: found[1]!, labels, value: Number(found[3]!.replace('+Inf', 'Infinity')) })
  }
  return samples
}

function valueOf(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number | undefined {
  return samples.find((sample) => sample.name === name
    && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))?.value
}

async function watched(t: ExecutionContext, ...args: string[]): Promise<{ server: ServerProcess, base: string }> {
  const metricsPort = await freePort()
  const server = await startMillrace(t, { args: ['--metrics-port', String(metricsPort), ...args] })
  return { server, base: `http://127.0.0.1:${metricsPort}` }
}

test('/metrics tells of commands, log, memory and groups in the text format of Prometheus', async (t) => {
  const { server, base } = await watched(t, '--metrics-streams', 'jobs other nothing')
  const client = await server.connect()
  for (let i = 0; i < 50; i++) await client.call('SET', `k${i}`, 'v')
  await client.call('SET', 'k', 'v', 'PX', '100000')
  await client.call('LPUSH', 'k', 'x')
  await client.call('GET')
  await client.call('XGROUP', 'CREATE', 'jobs', 'workers', '0', 'MKSTREAM')
  for (let i = 0; i < 5; i++) await client.call('XADD', 'jobs', '*', 'f', 'v')
  await client.call('XREADGROUP', 'GROUP', 'workers', 'ann', 'COUNT', '2', 'STREAMS', 'jobs', '>')
  await client.call('SADD', 'other', 'no stream')
  const response = await fetch(`${base}/metrics`)
  t.is(response.status, 200)
  t.regex(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/)
  const samples = parse(t, await response.text())
  t.is(valueOf(samples, 'millrace_commands_total', { command: 'set', family: 'string' }), 51)
  t.is(valueOf(samples, 'millrace_commands_failed_total', { command: 'lpush' }), 1)
  t.is(valueOf(samples, 'millrace_commands_rejected_total', { command: 'get' }), 1)
  t.is(valueOf(samples, 'millrace_errors_total', { code: 'WRONGTYPE' }), 1)
  t.is(valueOf(samples, 'millrace_keys', { db: '0' }), 53)
  t.is(valueOf(samples, 'millrace_keys_volatile', { db: '0' }), 1)
  t.is(valueOf(samples, 'millrace_group_lag', { stream: 'jobs', group: 'workers' }), 3)
  t.is(valueOf(samples, 'millrace_group_pending', { stream: 'jobs', group: 'workers' }), 2)
  t.is(valueOf(samples, 'millrace_stream_entries', { stream: 'jobs' }), 5)
  t.is(valueOf(samples, 'millrace_stream_entries', { stream: 'other' }), undefined)
  t.is(valueOf(samples, 'millrace_log_state', { state: 'ok' }), 1)
  const info = String(decode(await client.call('INFO', 'persistence')).value)
  t.is(valueOf(samples, 'millrace_log_position', { stage: 'written' }), Number(/log_written_position:(\d+)/.exec(info)![1]))
  // Buckets are cumulative, and the last one holds all.
  const buckets = samples.filter(({ name, labels }) => name === 'millrace_command_duration_seconds_bucket' && labels['family'] === 'string')
  t.true(buckets.length > 10)
  buckets.reduce((before, { value }) => {
    t.true(value >= before)
    return value
  }, 0)
  t.is(buckets.at(-1)!.labels['le'], '+Inf')
  t.is(valueOf(samples, 'millrace_command_duration_seconds_count', { family: 'string' }), buckets.at(-1)!.value)
  t.is(buckets.at(-1)!.value, 51)
  t.true(valueOf(samples, 'millrace_command_duration_seconds_sum', { family: 'string' })! > 0)
})

test('figures of bridges and of what waits for its time; none of them in the midst of a script', async (t) => {
  const { server, base } = await watched(t, '--bridge-nats-url', `nats://127.0.0.1:${await freePort()}`)
  const figures = async (): Promise<Sample[]> => parse(t, await (await fetch(`${base}/metrics`)).text())
  const client = await server.connect()
  t.deepEqual((await figures()).filter(({ name }) => name.startsWith('millrace_bridge')), [])
  for (let i = 0; i < 3; i++) await client.call('XADD', 'jobs', '*', 'f', 'v')
  for (let i = 0; i < 2; i++) await client.call('XADD', 'jobs', 'DELAY', '100000', '*', 'f', 'v')
  await client.call('BRIDGE', 'ADD', 'out', 'stream-out', 'jobs')
  await client.call('BRIDGE', 'ADD', 'news', 'channels', 'news')
  await client.call('BRIDGE', 'PAUSE', 'news')
  await client.call('PUBLISH', 'news', 'x')
  const samples = await figures()
  const out = { bridge: 'out', kind: 'stream-out' }
  t.is(valueOf(samples, 'millrace_bridge_connected'), 0)
  t.is(valueOf(samples, 'millrace_bridge_lag', out), 3)
  t.true(valueOf(samples, 'millrace_bridge_lag_time_seconds', out)! >= 0)
  t.is(valueOf(samples, 'millrace_bridge_events_total', { ...out, event: 'published' }), 0)
  t.is(valueOf(samples, 'millrace_bridge_state', { ...out, state: 'down' }), 1)
  t.is(valueOf(samples, 'millrace_bridge_state', { ...out, state: 'flowing' }), 0)
  t.is(valueOf(samples, 'millrace_bridge_state', { bridge: 'news', state: 'paused' }), 1)
  t.is(valueOf(samples, 'millrace_policies_due', { db: '0' }), 2)
  t.is(valueOf(samples, 'millrace_policies_deeds_total', { deed: 'due_items' }), 0)
  await client.call('CONFIG', 'SET', 'busy-reply-threshold', '1')
  const script = client.call('EVAL', 'while true do end', '0')
  const other = await server.connect()
  await until('the script runs', async () => (await other.text('PING')).startsWith('-BUSY'))
  t.is(valueOf(await figures(), 'millrace_bridge_connected'), undefined)
  await other.call('SCRIPT', 'KILL')
  await script
  t.is(valueOf(await figures(), 'millrace_bridge_connected'), 0)
})

test('a collector that never answers does not hold up a stop', async (t) => {
  const taken = createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((resolve) => { taken.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const server = await startMillrace(t, { args: ['--otlp-endpoint', `http://127.0.0.1:${port}`, '--trace-one-in', '1'] })
  const client = await server.connect()
  for (let i = 0; i < 10; i++) t.is(await client.text('SET', 'k', 'v'), '+OK\r\n')
  const begun = performance.now()
  t.is(await server.terminate(), 0)
  t.log(`stopped after ${Math.round(performance.now() - begun)} ms`)
})

test('/healthz and /readyz answer probes; other ways in are refused', async (t) => {
  const { server, base } = await watched(t)
  const client = await server.connect()
  for (const probe of ['/healthz', '/readyz', '/readyz?verbose']) {
    const response = await fetch(base + probe)
    t.deepEqual([response.status, await response.text()], [200, 'ok\n'])
  }
  t.is((await fetch(`${base}/metrics`, { method: 'HEAD' })).status, 200)
  t.is((await fetch(`${base}/metrics`, { method: 'POST', body: 'x' })).status, 405)
  t.is((await fetch(`${base}/etc/passwd`)).status, 404)
  // A replica whose master can't be reached is alive, but not ready.
  await client.call('REPLICAOF', '127.0.0.1', String(await freePort()))
  await client.call('CONFIG', 'SET', 'replica-serve-stale-data', 'no')
  t.is((await fetch(`${base}/healthz`)).status, 200)
  const response = await fetch(`${base}/readyz`)
  t.deepEqual([response.status, await response.text()], [503, 'the link to the master is down\n'])
})

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parentId = 'b7ad6b7169203331'

test('a command of a traced client is a span of that trace; its frame and sync are beneath it', async (t) => {
  const { endpoint, spans, metrics } = await collector(t)
  const server = await startMillrace(t, { appendfsync: 'always', args: ['--otlp-endpoint', endpoint, '--otlp-interval', '200'] })
  const client = await server.connect()
  await client.call('SET', 'untraced', 'v')
  t.is(await client.text('CLIENT', 'TRACE', `00-${traceId}-${parentId}-01`), '+OK\r\n')
  await client.call('SET', 'k', 'v')
  await client.call('GET', 'k')
  await client.call('LPUSH', 'k', 'x')
  await client.pipeline([['MULTI'], ['INCR', 'n'], ['EXEC']])
  await client.call('EVAL', "return redis.call('INCR', KEYS[1])", '1', 'n')
  await client.call('CLIENT', 'TRACE', 'OFF')
  await client.call('SET', 'untraced', 'w')
  await client.call('BGREWRITEAOF')
  await until('it is rewritten', async () => (await client.text('INFO', 'persistence')).includes('aof_rewrite_in_progress:0'))
  await until('metrics are sent', () => metrics.has('millrace.log.position'))
  // A stop waits for what is left no longer than its bound.
  await until('spans are sent', () => spans.some((span) => span.name === 'checkpoint rewrite'))
  await server.terminate()
  const named = (name: string): Span[] => spans.filter((span) => span.name === name)
  const set = named('set')
  t.is(set.length, 1)
  t.like(set[0], { traceId, parentSpanId: parentId, kind: 2 })
  const frame = named('frame').find((span) => span.parentSpanId === set[0]!.spanId)
  t.is(frame?.traceId, traceId)
  t.is(named('fsync').filter((span) => span.parentSpanId === frame!.spanId).length, 1)
  t.is(named('get').length, 1)
  t.is(named('lpush')[0]!.status.code, 2)
  t.is(named('frame').filter((span) => span.parentSpanId === named('lpush')[0]!.spanId).length, 0)
  t.is(named('incr')[0]!.parentSpanId, named('exec')[0]!.spanId)
  t.is(named('frame').filter((span) => span.parentSpanId === named('exec')[0]!.spanId).length, 1)
  t.is(named('script eval').length, 1)
  t.is(named('checkpoint rewrite').length, 1)
  t.true(spans.every((span) => BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano)))
  for (const name of ['millrace.commands', 'millrace.command.duration', 'millrace.log.position']) t.true(metrics.has(name), name)
})

test('trace-one-in follows commands whose clients say nothing', async (t) => {
  const { endpoint, spans } = await collector(t)
  const server = await startMillrace(t, { args: ['--otlp-endpoint', endpoint, '--trace-one-in', '10'] })
  const client = await server.connect()
  for (let i = 0; i < 100; i++) await client.call('SET', 'k', 'v')
  const setsOf = (): Span[] => spans.filter((span) => span.name === 'set')
  await until('spans are sent', () => setsOf().length >= 9)
  await server.terminate()
  const sets = setsOf()
  t.true(sets.length >= 9 && sets.length <= 11, `${sets.length} spans`)
  t.is(new Set(sets.map((span) => span.traceId)).size, sets.length)
})

test('two brokers of one process send their spans each to its own collector', async (t) => {
  const all = await Promise.all(['one', 'two'].map(async (key) => {
    const { endpoint, spans } = await collector(t)
    const port = await freePort()
    const args = ['--port', String(port), '--dir', temporaryDirectory(t), '--otlp-endpoint', endpoint, '--appendonly', 'no']
    const broker = createBroker({ config: createConfig(args) })
    t.teardown(() => broker.stop())
    await broker.start()
    await until('it follows commands', () => broker.tracer !== undefined)
    return { broker, port, spans, key }
  }))
  for (const [i, { broker, port }] of all.entries()) {
    const client = await RespClient.connect(port)
    await client.call('CLIENT', 'TRACE', `00-${traceId}-${parentId}-01`)
    for (let n = 0; n <= i; n++) await client.call('GET', 'k')
    client.destroy()
    await broker.stop()
  }
  const getsOf = (): Span[][] => all.map(({ spans }) => spans.filter(({ name }) => name === 'get'))
  await until('spans are sent', () => getsOf().flat().length >= 3)
  const gets = getsOf()
  t.deepEqual(gets.map(({ length }) => length), [1, 2])
  for (const span of gets.flat()) t.like(span, { traceId, parentSpanId: parentId })
})

test('a collector that is not there costs no command and no stop', async (t) => {
  const server = await startMillrace(t, {
    args: ['--otlp-endpoint', `http://127.0.0.1:${await freePort()}`, '--otlp-interval', '100', '--trace-one-in', '1'],
  })
  const client = await server.connect()
  for (let i = 0; i < 100; i++) t.is(await client.text('SET', 'k', 'v'), '+OK\r\n')
  t.is(await server.terminate(), 0)
})

test('CLIENT TRACE stands in the log with each effect, until it is off', async (t) => {
  const server = await startMillrace(t)
  const client = await server.connect()
  const valid = `00-${traceId}-${parentId}-01`
  for (const bad of ['', 'x', valid.toUpperCase(), `ff${valid.slice(2)}`, `00-${'0'.repeat(32)}-${parentId}-01`, `${valid}-`]) {
    t.is(await client.text('CLIENT', 'TRACE', bad), '-ERR Invalid traceparent\r\n')
  }
  await client.pipeline([['SET', 'a', '1'], ['CLIENT', 'TRACE', valid], ['SET', 'b', '2'], ['RESET'], ['SET', 'c', '3']])
  await server.terminate()
  const log = readFileSync(path.join(server.dir, 'appendonlydir', 'appendonly.aof.1.incr.aof'), 'latin1')
  const traced = [...log.matchAll(/^#by .*?(?: trace=(\S+))?\r$|^[abc]\r$/gm)].map((found) => found[1] ?? found[0].trim().slice(0, 3))
  t.deepEqual(traced, ['#by', 'a', valid, 'b', '#by', 'c'])
})
