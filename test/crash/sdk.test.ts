// The SDK's promise under fire: four worker processes, they and the broker killed at random moments, jobs that fail,
// that outlast their lease, that kill their worker. Each job's effect is there exactly once, jobs of a key in order, and
// what was given up is a dead letter that tells where it came from. The same over redis-server.
import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { Producer } from '../../consumers/worker/index.ts'
import { seededRandom, type Random } from '../compat/random.ts'
import { requireRedis, startMillrace, startRedis, type ServerProcess } from '../process.ts'
import { scale } from '../scale.ts'
import { until } from '../until.ts'
import { campaign, type CampaignJobs, type Manner } from './sdk-worker.ts'

const processes = 4
const leaseMs = 1_000
const keys = 40
const batch = 500
const patienceMs = 5 * 60_000

for (const name of ['millrace', 'redis-server'] as const) {
  test.serial(`each job has its effect once, over kills of workers and of the broker (${name})`, async (t) => {
    if (name === 'redis-server' && !requireRedis(t)) return
    t.timeout(8 * 60_000 + scale.workerJobs * 10)
    // redis-server may answer before it writes while a sync is under way; it has none with `no`.
    const broker = await (name === 'millrace' ? startMillrace(t) : startRedis(t, { appendfsync: 'no' }))
    const jobs = name === 'millrace' ? scale.workerJobs : Math.round(scale.workerJobs / 4)
    const r = seededRandom(scale.seed)
    const crew = new Crew(broker.port, r)
    t.teardown(() => crew.end())
    const redis = new Redis({ port: broker.port, host: '127.0.0.1', maxRetriesPerRequest: null })
    redis.on('error', () => {})
    t.teardown(() => redis.disconnect())
    const producing = produce(broker.port, jobs)
    await killAtRandom(broker, crew, redis, jobs, r)
    await producing
    await drained(redis)
    await crew.end()
    await check(t, redis, jobs)
    t.log(`${jobs} jobs, ${crew.killed} workers killed, ${crew.ended} ended of jobs, seed ${scale.seed}`)
    t.true(crew.killed > 0)
  })
}

function mannerOf(n: number): Manner {
  if (n % 100 === 50) return 'poison'
  if (n % 3_000 === 1_777) return 'kills'
  if (n % 1_000 === 333) return 'slow'
  if (n % 3_000 === 999) return 'blocks'
  return n % 10 === 9 ? 'fails once' : 'well'
}

function keyOf(n: number): string | undefined {
  return n % 10 < 3 || n % 100 === 50 ? `k${n % keys}` : undefined
}

/** Adds each job twice, as a producer does that isn't sure. */
async function produce(port: number, jobs: number): Promise<void> {
  const producer = new Producer<CampaignJobs>({ connection: { port, host: '127.0.0.1' } })
  for (let from = 0; from < jobs; from += batch) {
    const slice = Array.from({ length: Math.min(batch, jobs - from) }, (_, i) => {
      const n = from + i
      const manner = mannerOf(n)
      const key = keyOf(n)
      const options = {
        idempotencyKey: `job-${n}`, ...(key === undefined ? {} : { key }),
        ...(manner === 'poison' ? { attempts: 3 } : manner === 'kills' ? { attempts: 2 } : {}),
      }
      return { name: 'work', data: { n, manner }, options } as const
    })
    await producer.addMany(slice)
    await producer.addMany(slice.filter((_, i) => i % 50 === 0))
  }
  await producer.close()
}

/** Worker processes; one that ends takes up work again under another name. */
class Crew {
  killed: number
  ended: number
  private readonly members: Set<ChildProcess>
  private readonly port: number
  private readonly r: Random
  private closing: boolean

  constructor(port: number, r: Random) {
    this.killed = 0
    this.ended = 0
    this.members = new Set()
    this.port = port
    this.r = r
    this.closing = false
    for (let i = 0; i < processes; i++) this.hire()
  }

  killOne(): void {
    this.killed++
    this.r.pick([...this.members]).kill('SIGKILL')
  }

  async end(): Promise<void> {
    this.closing = true
    const exits = [...this.members].map((member) => new Promise((resolve) => member.once('exit', resolve)))
    for (const member of this.members) member.kill('SIGKILL')
    await Promise.all(exits)
  }

  private hire(): void {
    const program = path.join(import.meta.dirname, 'sdk-worker.ts')
    const member = spawn(process.execPath, [program, String(this.port), String(leaseMs)], { stdio: 'inherit' })
    this.members.add(member)
    member.once('exit', () => {
      this.members.delete(member)
      this.ended++
      if (!this.closing) this.hire()
    })
  }
}

/** Spreads the kills over the effects still to come, each at a moment of its own; every third is the broker's. */
async function killAtRandom(broker: ServerProcess, crew: Crew, redis: Redis, jobs: number, r: Random): Promise<void> {
  const moments = Array.from({ length: 3 * scale.sdkBrokerKills }, () => r.below(Math.round(jobs * 0.9)))
  for (const [i, moment] of moments.toSorted((a, b) => a - b).entries()) {
    await until(`${moment} jobs have their effect`, async () => await redis.hlen(campaign.effects) >= moment, patienceMs)
    await sleep(r.below(40))
    if (i % 3 === 1) {
      await broker.kill9()
      await broker.start()
    } else crew.killOne()
  }
}

/** Nothing is pending, nothing unread. */
function drained(redis: Redis): Promise<void> {
  return until('nothing is left', async () => {
    await sleep(100)
    const [pending] = await redis.xpending('jobs', 'workers') as [number]
    const [group] = await redis.xinfo('GROUPS', 'jobs') as unknown[][]
    const [[last]] = await redis.xrevrange('jobs', '+', '-', 'COUNT', 1) as [[string, string[]]]
    return pending === 0 && group!.includes(last)
  }, patienceMs)
}

async function check(t: ExecutionContext, redis: Redis, jobs: number): Promise<void> {
  const numbers = Array.from({ length: jobs }, (_, n) => n)
  const givenUp = new Set(numbers.filter((n) => ['poison', 'kills'].includes(mannerOf(n))))
  t.is(await redis.xlen('jobs'), jobs, 'each was added once')

  const effects = await redis.hgetall(campaign.effects)
  t.deepEqual(Object.entries(effects).filter(([, times]) => times !== '1').slice(0, 5), [], 'none twice')
  t.deepEqual(numbers.filter((n) => (String(n) in effects) === givenUp.has(n)).slice(0, 5), [], 'all, but the given up')

  for (let k = 0; k < keys; k++) {
    const expected = numbers.filter((n) => keyOf(n) === `k${k}` && !givenUp.has(n)).map(String)
    t.deepEqual(await redis.lrange(campaign.order(`k${k}`), 0, -1), expected, `the order of k${k}`)
  }

  const letters = await redis.xrange('jobs:dead', '-', '+')
  const buried: number[] = []
  for (const [, list] of letters) {
    const fields = Object.fromEntries(list.flatMap((name, i) => i % 2 === 0 ? [[name, list[i + 1]!]] : [])) as Record<string, string>
    const { n } = JSON.parse(fields['data']!) as { n: number }
    buried.push(n)
    const [[, original]] = await redis.xrange('jobs', fields['dead-id']!, fields['dead-id']!) as [[string, string[]]]
    t.true(original.includes(fields['data']!), 'its id leads to its entry')
    t.is(`${fields['dead-stream']} ${fields['dead-group']}`, 'jobs workers')
    t.true(Number(fields['dead-deliveries']) >= (mannerOf(n) === 'kills' ? 2 : 3))
    t.regex(fields['dead-error']!, mannerOf(n) === 'kills' ? /ended with the end of their worker/ : /poison|the end of their worker/)
    t.true(Number(fields['dead-time']) > 0)
  }
  t.deepEqual(buried.toSorted((a, b) => a - b), [...givenUp], 'each dead letter once')
}
