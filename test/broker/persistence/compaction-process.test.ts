// The child process that folds the log: what it makes, that it ends with its parent, and that killing it at any moment
// leaves nothing behind.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Compaction } from '../../../broker/persistence/compaction-process.ts'
import type { CompactionPlan } from '../../../broker/persistence/compaction.ts'
import { MillraceError } from '../../../core/errors.ts'
import { seededRandom } from '../../../core/random.ts'
import { defaultSettings } from '../../../core/settings.ts'
import { requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import { until } from '../../until.ts'
import { childrenOf, isAlive } from '../children.ts'

const root = path.resolve(import.meta.dirname, '../../..')
/** These processes run at low priority: beside others they are slow. */
const patienceMs = 180_000

function say(...words: (string | number)[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${String(word).length}\r\n${word}\r\n`).join('')}`
}

/** A plain segment that sets so many keys. */
function writeSegment(file: string, from: number, count: number, value: string): void {
  const lines: string[] = [say('SELECT', 0)]
  for (let i = from; i < from + count; i++) lines.push(say('SET', `key:${i}`, `${value} ${i}`))
  writeFileSync(file, lines.join(''))
}

function planIn(dir: string, segments: readonly string[]): CompactionPlan {
  return {
    segments: segments.map((name) => path.join(dir, name)), target: path.join(dir, 'temp-checkpoint.rdb'),
    databases: 16, settings: defaultSettings(), aux: { 'redis-ver': '7.4.2' }, checksum: true, verify: false,
  }
}

function prepare(t: ExecutionContext, keys: number): { dir: string; plan: CompactionPlan } {
  const dir = temporaryDirectory(t)
  writeSegment(path.join(dir, '1.aof'), 0, keys, 'first')
  return { dir, plan: planIn(dir, ['1.aof']) }
}

test('the child makes the file that its report is of, and redis-server loads it', async (t) => {
  const { dir, plan } = prepare(t, 20_000)
  const seen: string[] = []
  const first = new Compaction(plan, (progress) => void seen.push(progress.phase))
  const result = await first.done
  t.is(result.keysFolded, 20_000)
  t.is(result.position, 20_000)
  t.is(readFileSync(plan.target).length, result.bytes)
  t.true(result.peakBytes > 1e7 && result.elapsedMs > 0)

  const data = path.join(dir, 'data')
  mkdirSync(data)
  const base = path.join(data, 'dump.rdb')
  writeSegment(path.join(dir, '2.aof'), 10, 5, 'second')
  writeFileSync(path.join(dir, 'base.rdb'), readFileSync(plan.target))
  const again = await new Compaction({ ...planIn(dir, ['2.aof']), base: path.join(dir, 'base.rdb') }).done
  t.is(again.keysCopied, 19_995)
  t.is(again.keysFolded, 5)
  t.is(again.position, 20_005)
  if (!requireRedis(t)) return
  writeFileSync(base, readFileSync(plan.target))
  const redis = await startRedis(t, { dir: data, args: ['--appendonly', 'no'] })
  const client = await redis.connect()
  t.is(await client.text('DBSIZE'), ':20000\r\n')
  t.is(await client.text('GET', 'key:12'), '$9\r\nsecond 12\r\n')
  t.is(await client.text('GET', 'key:15'), '$8\r\nfirst 15\r\n')
  client.destroy()
})

test('killed at any moment it leaves nothing, and the next one works', async (t) => {
  const { plan } = prepare(t, 20_000)
  const random = seededRandom(5)
  const rounds = 10
  let killed = 0
  let tookMs = 0
  // On a loaded machine what one takes changes: it goes on until enough of them were killed.
  for (let i = 0; i < rounds || (killed < 4 && i < 10 * rounds); i++) {
    const beganMs = performance.now()
    const compaction = new Compaction(plan)
    // The first ones before it has begun, and then later and later in what one takes.
    if (i < 2) compaction.cancel()
    else setTimeout(() => compaction.cancel(), (random.u32() % 1000) / 1000 * tookMs * Math.min(i / rounds, 1))
    try {
      t.is((await compaction.done).keysFolded, 20_000)
      tookMs = performance.now() - beganMs
    } catch (error) {
      killed++
      t.is((error as MillraceError).code, 'COMPACTION_KILLED')
      t.false(existsSync(plan.target))
    }
    if (tookMs === 0) {
      t.is((await new Compaction(plan).done).position, 20_000)
      tookMs = performance.now() - beganMs
    }
  }
  t.true(killed >= 4)
  t.is((await new Compaction(plan).done).position, 20_000)
})

test('what is wrong with the files is said with its code, and nothing is left', async (t) => {
  const { dir, plan } = prepare(t, 100)
  const damaged = path.join(dir, 'damaged.rdb')
  writeFileSync(damaged, 'REDIS0010 and then nothing that is known')
  const error = await t.throwsAsync(new Compaction({ ...plan, base: damaged }).done, { instanceOf: MillraceError })
  t.is(error.code, 'RDB_DAMAGED')
  t.false(existsSync(plan.target))
  const missing = await t.throwsAsync(new Compaction({ ...plan, segments: [path.join(dir, 'none')] }).done)
  t.is((missing as MillraceError).code, 'ENOENT')
})

test('it runs at low priority, and ends when its parent is killed', async (t) => {
  const { dir, plan } = prepare(t, 400_000)
  writeFileSync(path.join(dir, 'plan.json'), JSON.stringify(plan))
  const script = `import { readFileSync } from 'node:fs'
import { Compaction } from '${path.join(root, 'broker/persistence/compaction-process.ts')}'
let isStopped = false
const compaction = new Compaction(JSON.parse(readFileSync('${path.join(dir, 'plan.json')}', 'utf8')), () => {
  if (isStopped) return
  isStopped = true
  process.kill(compaction.pid, 'SIGSTOP')
  process.stdout.write(compaction.pid + '\\n')
})
await compaction.done`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: root })
  t.teardown(() => parent.kill('SIGKILL'))
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once('data', (chunk: Buffer) => resolve(Number.parseInt(chunk.toString(), 10)))
    parent.once('exit', () => resolve(-1))
  })
  t.true(pid > 0)
  t.is(os.getPriority(pid), os.constants.priority.PRIORITY_LOW)
  parent.kill('SIGKILL')
  process.kill(pid, 'SIGCONT')
  await until('the child has ended', () => !isAlive(pid), patienceMs)
})

test('one that was left behind before it began, and wakes when the next is at work, spoils nothing', async (t) => {
  const server = await startMillrace(t, { args: ['--enable-debug-command', 'yes'] })
  const says = async (...lines: string[]): Promise<boolean> => {
    const [info] = await server.run('INFO persistence')
    return lines.every((line) => info!.includes(`\r\n${line}\r`))
  }
  /** Stops the process that folds the log as soon as it is there. */
  const stopped = async (): Promise<number> => {
    let found: number[] = []
    await until('it is started', () => (found = childrenOf(server.pid).flatMap(childrenOf)).length > 0)
    process.kill(found[0]!, 'SIGSTOP')
    return found[0]!
  }
  await server.run('DEBUG POPULATE 50000 key 100', 'BGREWRITEAOF')
  const left = await stopped()
  process.kill(childrenOf(server.pid)[0]!, 'SIGKILL')
  await until('it is given up', () => says('aof_rewrite_in_progress:0', 'aof_last_bgrewrite_status:err'))

  await server.run('SET more 1', 'BGREWRITEAOF')
  const folder = path.join(server.dir, 'appendonlydir')
  const writes = (): boolean => readdirSync(folder).some((name) => name.startsWith('temp-') && name.endsWith('.rdb'))
  await until('the next one writes', writes, patienceMs)
  const next = await stopped()
  process.kill(left, 'SIGCONT')
  await until('the first one has ended', () => !isAlive(left), patienceMs)
  process.kill(next, 'SIGCONT')
  await until('it is rewritten', () => says('aof_rewrite_in_progress:0', 'aof_last_bgrewrite_status:ok'), patienceMs)
  const digest = await server.run('DEBUG DIGEST')
  await server.restart()
  t.deepEqual(await server.run('DEBUG DIGEST'), digest)
  t.notRegex(server.output, /can't be loaded/)
  t.deepEqual(readdirSync(folder).filter((name) => name.startsWith('temp-')), [])
})

/** What INFO tells of the checkpoint in the making: its phase, how much of it is done, of how much. */
function progressIn(info: string): { phase: string, done: number, total: number } | undefined {
  const match = /checkpoint_phase:(\w+)\r\ncheckpoint_phase_done:(\d+)\r\ncheckpoint_phase_total:(\d+)\r/.exec(info)
  return match === null ? undefined : { phase: match[1]!, done: Number(match[2]), total: Number(match[3]) }
}

test('INFO and the log of the server tell how far a fold is', async (t) => {
  const server = await startMillrace(t, { args: ['--enable-debug-command', 'yes'] })
  const client = await server.connect()
  await client.text('DEBUG', 'POPULATE', '500000', 'key', '200')
  t.is(progressIn(await client.text('INFO', 'persistence')), undefined)
  await client.text('BGREWRITEAOF')
  let progress: ReturnType<typeof progressIn>
  await until('a fold tells how far it is', async () => {
    progress = progressIn(await client.text('INFO', 'persistence'))
    return progress !== undefined
  })
  // It stays there until its line is written.
  const [child] = childrenOf(server.pid).flatMap(childrenOf)
  process.kill(child!, 'SIGSTOP')
  const { phase, done, total } = progress!
  t.true(['find', 'load', 'fold', 'write'].includes(phase))
  t.true(done > 0 && done <= total, `${done} of ${total}`)
  t.regex(await client.text('INFO', 'persistence'), /current_fork_perc:(?!0\.00)\d+\.\d\d\r/)
  await server.says(/checkpoint: (?:find|load|fold|write), \d+ %/)
  process.kill(child!, 'SIGCONT')
  await until('it is rewritten', async () => /aof_rewrite_in_progress:0\r/.test(await client.text('INFO', 'persistence')), patienceMs)
  t.is(progressIn(await client.text('INFO', 'persistence')), undefined)
  client.destroy()
})

test('INFO tells how far a snapshot of memory is, in keys', async (t) => {
  const server = await startMillrace(t, { args: ['--enable-debug-command', 'yes', '--appendonly', 'no'] })
  const client = await server.connect()
  await client.text('DEBUG', 'POPULATE', '200000', 'key', '100')
  const [, info] = (await client.pipeline([['BGSAVE'], ['INFO', 'persistence']])).map(String)
  const { phase, done, total } = progressIn(info!)!
  t.is(phase, 'snapshot')
  t.is(total, 200_000)
  t.true(done <= total)
  t.regex(info!, /current_save_keys_total:200000\r/)
  await until('it is saved', async () => /rdb_bgsave_in_progress:0\r/.test(await client.text('INFO', 'persistence')))
  const after = /current_fork_perc:0\.00\r\ncurrent_save_keys_processed:0\r\ncurrent_save_keys_total:0\r/
  t.regex(await client.text('INFO', 'persistence'), after)
  client.destroy()
})
