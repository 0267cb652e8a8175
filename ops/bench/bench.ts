// npm run bench: Millrace against redis-server (where installed) and the ceiling program, alternating, in one run.
//
//   --rounds N         how often each takes its turn (5; one more before them is not counted)
//   --tests a,b        throughput, group, memory, latency, restart, recovery, families, elements, bullmq,
//                      worker, stalls, compaction, bridge, monitoring (all)
//   --policy P         everysec or always (both)
//   --quick            a tenth of the requests and 2 rounds: to see that it works, not to quote
//   --json FILE        where the figures go (a file in the system's temporary folder)
//   --profile DIR      our process writes a CPU profile into DIR

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { bridgeFigures } from './bridge.ts'
import type { BridgeFigures } from './bridge.ts'
import { bullmq } from './bullmq.ts'
import type { QueueFigures } from './bullmq.ts'
import { compactions, underLoad } from './compaction.ts'
import type { CompactionFigures } from './compaction.ts'
import { ask, build, isInstalled, start } from './contestants.ts'
import type { Contestant, Name, Policy, StartOptions } from './contestants.ts'
import { bytesPerElement, collections } from './elements.ts'
import { familyTests, prepareFamily } from './families.ts'
import { groupCycle } from './group-cycle.ts'
import { latencyUnderWrites } from './latency.ts'
import { prepareRecovery, recoveries } from './recovery.ts'
import { median, ratio, table, toJson } from './report.ts'
import type { Better, Row } from './report.ts'
import { longestStall, stalls } from './stalls.ts'
import { benchmark, fill, tests, throughput } from './throughput.ts'
import type { Test } from './throughput.ts'
import { workerSdk } from './worker.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string' },
    tests: { type: 'string', default: 'throughput,group,memory,latency,restart,recovery,families,elements,bullmq,'
      + 'worker,stalls,compaction,bridge,monitoring' },
    policy: { type: 'string', default: 'everysec,always' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    profile: { type: 'string' },
  },
})
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5))
const scale = options.quick ? 0.1 : 1
const wanted = new Set(options.tests.split(','))
const policies = options.policy.split(',') as Policy[]
const hasPeer = isInstalled('redis-server')
const rows: Row[] = []
/** Range of the random members of collections. */
const randomMembers = 100_000
/** Elements of which the bytes are measured: enough for what a process takes anyway to be little beside them. */
const collectionElements = 3_000_000
/** Jobs a round through BullMQ and the worker SDK: queues run for days, and compilers need some thousand jobs. */
const queueJobs = 30_000

function startOptions(policy: Policy): StartOptions {
  return options.profile === undefined ? { policy } : { policy, profile: options.profile }
}

/** Measures a figure of each contestant, in turns A B, B A, …; the first round warms up and does not count. */
async function measure(
  test: string, unit: string, better: Better, names: readonly Name[],
  figure: (name: Name, counts: boolean) => Promise<number>,
): Promise<void> {
  const row: Row = { test, unit, better, figures: {} }
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await figure(name, round > 0)
      if (round > 0) (row.figures[name] ??= []).push(value)
    }
  }
  rows.push(row)
  console.log(table([row]).split('\n')[1])
}

const both: readonly Name[] = hasPeer ? ['ours', 'peer'] : ['ours']

async function startAll(names: readonly Name[], policy: Policy): Promise<Map<Name, Contestant>> {
  const running = new Map<Name, Contestant>()
  for (const name of names) running.set(name, await start(name, startOptions(policy)))
  return running
}

async function allThroughput(policy: Policy): Promise<void> {
  const withCeiling: readonly Name[] = policy === 'everysec' ? [...both, 'ceiling'] : both
  const running = await startAll(withCeiling, policy)
  for (const pipeline of [16, 1]) {
    for (const test of tests) {
      const names = test === 'set' || test === 'get' ? withCeiling : both
      const requests = Math.round(requestsOf(test, pipeline, policy) * scale)
      await measure(`${test} P${pipeline} ${policy}`, 'requests/s', 'more', names, (name) =>
        throughput(running.get(name)!.port, test, pipeline, requests))
    }
  }
  for (const contestant of running.values()) await contestant.stop()
}

function requestsOf(test: Test, pipeline: number, policy: Policy): number {
  const base = pipeline === 1 ? 100_000 : test === 'mset' ? 200_000 : 1_000_000
  return policy === 'always' && test !== 'ping' && test !== 'get' ? base / (pipeline === 1 ? 5 : 10) : base
}

async function groups(): Promise<void> {
  const running = await startAll(both, 'everysec')
  await measure('group cycle', 'jobs/s', 'more', both, (name) => groupCycle(running.get(name)!.port, 100_000 * scale))
  for (const contestant of running.values()) await contestant.stop()
}

async function memory(): Promise<void> {
  await measure('bytes per key', 'bytes', 'less', both, async (name) => {
    const contestant = await start(name, startOptions('everysec'))
    // What a process takes once and for all (heap, buffers) is settled by a first part that isn't counted.
    await fill(contestant.port, 10_000, 32)
    await ask(contestant.port, 'FLUSHALL')
    await new Promise((resolve) => setTimeout(resolve, 500))
    const before = contestant.residentBytes()
    const keys = 1_000_000 * scale
    await fill(contestant.port, keys, 32)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const perKey = (contestant.residentBytes() - before) / keys
    await contestant.stop()
    return perKey
  })
}

async function latency(): Promise<void> {
  const running = await startAll(both, 'everysec')
  for (const contestant of running.values()) await fill(contestant.port, 1_000_000 * scale, 32)
  for (const paced of [true, false]) {
    const kind = paced ? 'paced writes' : 'full-speed writes'
    const worst: Partial<Record<Name, number[]>> = {}
    await measure(`GET p99.9, ${kind}`, 'µs', 'less', both, async (name, counts) => {
      const figures = await latencyUnderWrites(running.get(name)!.port, 20_000 * scale, paced)
      if (counts) (worst[name] ??= []).push(figures.max)
      return figures.p999
    })
    rows.push({ test: `GET maximum, ${kind}`, unit: 'µs', better: 'less', figures: worst })
  }
  for (const contestant of running.values()) await contestant.stop()
}

async function restart(): Promise<void> {
  const folders = new Map(both.map((name) => [name, mkdtempSync(path.join(os.tmpdir(), 'millrace-bench-'))] as const))
  for (const name of both) {
    const contestant = await start(name, { policy: 'everysec', folder: folders.get(name)! })
    await fill(contestant.port, 1_000_000 * scale, 32)
    await contestant.stop()
  }
  await measure('restart, log of 1 M entries', 'ms', 'less', both, async (name) => {
    const contestant = await start(name, { policy: 'everysec', folder: folders.get(name)! })
    await contestant.stop()
    return contestant.startMs
  })
  for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true })
}

/** From a start to the first PING that is answered, of both from the same data directory. */
async function recovery(): Promise<void> {
  for (const what of recoveries) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'millrace-bench-'))
    await prepareRecovery(folder, what, scale)
    await measure(`recovery: ${what}`, 'ms', 'less', both, async (name) => {
      const contestant = await start(name, { ...startOptions('everysec'), folder })
      await contestant.stop()
      return contestant.startMs
    })
    rmSync(folder, { recursive: true, force: true })
  }
}

/** redis-benchmark's whole default list and more of the families; without random keys, as it runs by default. */
async function families(): Promise<void> {
  const running = await startAll(both, 'everysec')
  const first = rows.length
  for (const pipeline of [16, 1]) {
    for (const test of familyTests) {
      const requests = Math.ceil(test.thousands * 1000 / (pipeline === 16 ? 1 : 3) * scale)
      const range = test.args.some((word) => word.includes('__rand_int__')) ? randomMembers : undefined
      await measure(`${test.name} P${pipeline}`, 'requests/s', 'more', both, async (name) => {
        const { port } = running.get(name)!
        await prepareFamily(port, test)
        return benchmark(port, test.args, pipeline, requests, range)
      })
    }
  }
  for (const contestant of running.values()) await contestant.stop()
  const ratios = rows.slice(first).flatMap((row) => ratio(row, 'peer') ?? [])
  if (ratios.length === 0) return
  const [middle, least] = [median(ratios), Math.min(...ratios)]
  console.log(`families: median ratio ${middle.toFixed(2)} (≥ 1.2), least ${least.toFixed(2)} (≥ 0.9)`)
}

async function elements(): Promise<void> {
  for (const collection of collections) {
    for (const shape of ['small', 'large'] as const) {
      await measure(`bytes per element, ${shape} ${collection}`, 'bytes', 'less', both, async (name) => {
        const contestant = await start(name, startOptions('everysec'))
        const bytes = await bytesPerElement(contestant, collection, shape, collectionElements * scale)
        await contestant.stop()
        return bytes
      })
    }
  }
}

async function queues(
  title: string, jobs: number, queue: (name: Name, port: number, jobs: number) => Promise<QueueFigures>,
): Promise<void> {
  const running = await startAll(both, 'everysec')
  const processed: Partial<Record<Name, number[]>> = {}
  await measure(`${title} add`, 'jobs/s', 'more', both, async (name, counts) => {
    await ask(running.get(name)!.port, 'FLUSHALL')
    const figures = await queue(name, running.get(name)!.port, jobs * scale)
    if (counts) (processed[name] ??= []).push(figures.processed)
    return figures.added
  })
  rows.push({ test: `${title} process`, unit: 'jobs/s', better: 'more', figures: processed })
  console.log(table(rows.slice(-1)).split('\n')[1])
  for (const contestant of running.values()) await contestant.stop()
}

async function longStalls(): Promise<void> {
  const running = await startAll(both, 'everysec')
  for (const stall of stalls) {
    await measure(`longest wait: ${stall}`, 'ms', 'less', both, (name) =>
      longestStall(running.get(name)!.port, stall, scale))
  }
  for (const contestant of running.values()) await contestant.stop()
}

/** The child that folds the log, alone; then BGSAVE under load: with it against without it, for each contestant. */
async function checkpoints(): Promise<void> {
  const figures = await compactions(rounds, scale)
  const row = (test: string, unit: string, figure: (f: CompactionFigures) => number): Row => ({
    test: `compaction, 10,000 keys touched: ${test}`, unit, better: 'less',
    figures: { ours: figures.map((one) => figure(one)) },
  })
  rows.push(row('time', 's', (f) => f.seconds), row('peak memory', 'MB', (f) => f.peakMegabytes),
    row('written', 'MB', (f) => f.megabytes))
  console.log(table(rows.slice(-3)))
  const running = await startAll(both, 'everysec')
  for (const contestant of running.values()) await fill(contestant.port, 1_000_000 * scale, 32)
  for (const saves of [false, true]) {
    const kind = saves ? 'under BGSAVE' : 'alone'
    const waits: Partial<Record<Name, number[]>> = {}
    await measure(`set P16 ${kind}`, 'requests/s', 'more', both, async (name, counts) => {
      const { rate, p999 } = await underLoad(running.get(name)!.port, saves, scale)
      if (counts) (waits[name] ??= []).push(p999)
      return rate
    })
    rows.push({ test: `GET p99.9, full-speed writes, ${kind}`, unit: 'µs', better: 'less', figures: waits })
  }
  for (const contestant of running.values()) await contestant.stop()
}

/** The bridge to NATS, which only ours has. */
async function bridge(): Promise<void> {
  if (!isInstalled('nats-server')) return console.log('nats-server is not installed: nothing to bridge to')
  const figures: BridgeFigures[] = []
  for (let round = 0; round <= rounds; round++) {
    const one = await bridgeFigures(100_000 * scale, 2000 * scale)
    if (round > 0) figures.push(one)
  }
  const row = (test: string, unit: string, better: Better, figure: (f: BridgeFigures) => number): void => {
    rows.push({ test: `bridge: ${test}`, unit, better, figures: { ours: figures.map((one) => figure(one)) } })
  }
  row('stream to JetStream', 'messages/s', 'more', (f) => f.out)
  row('JetStream to stream', 'messages/s', 'more', (f) => f.in)
  for (const share of ['p50', 'p99'] as const) {
    row(`XADD to a NATS subscriber, ${share}`, 'µs', 'less', (f) => f.outLatency[share])
    row(`NATS publish to XREAD, ${share}`, 'µs', 'less', (f) => f.inLatency[share])
    row(`without it: XADD to XREAD, ${share}`, 'µs', 'less', (f) => f.direct[share])
  }
  console.log(table(rows.slice(-8)))
}

/** What it costs that somebody collects our metrics. */
async function monitoring(): Promise<void> {
  const names: readonly Name[] = ['ours', 'monitored']
  const running = await startAll(names, 'everysec')
  for (const [test, pipeline] of [['set', 16], ['get', 16], ['set', 1]] as const) {
    const requests = requestsOf(test, pipeline, 'everysec') * 2 * scale
    await measure(`${test} P${pipeline}, metrics on or off`, 'requests/s', 'more', names, (name) =>
      throughput(running.get(name)!.port, test, pipeline, requests))
  }
  for (const contestant of running.values()) await contestant.stop()
}

build()
if (!hasPeer) console.log('redis-server is not installed: only our own figures')
if (wanted.has('throughput')) for (const policy of policies) await allThroughput(policy)
if (wanted.has('group')) await groups()
if (wanted.has('memory')) await memory()
if (wanted.has('latency')) await latency()
if (wanted.has('restart')) await restart()
if (wanted.has('recovery')) await recovery()
if (wanted.has('families')) await families()
if (wanted.has('elements')) await elements()
if (wanted.has('bullmq')) await queues('BullMQ', queueJobs, (_name, port, jobs) => bullmq(port, jobs))
if (wanted.has('worker')) {
  await queues('worker SDK, and BullMQ there:', queueJobs, (name, port, jobs) => (
    name === 'ours' ? workerSdk(port, jobs) : bullmq(port, jobs)))
}
if (wanted.has('stalls')) await longStalls()
if (wanted.has('compaction')) await checkpoints()
if (wanted.has('bridge')) await bridge()
if (wanted.has('monitoring')) await monitoring()

const file = options.json ?? path.join(os.tmpdir(), `millrace-bench-${Date.now()}.json`)
writeFileSync(file, toJson(rows))
console.log(`\n${table(rows)}\n\n${file}`)
