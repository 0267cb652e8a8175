// Stretches of the log by the indexes of its segments, forward and backward, of all and of one key: compared with what was
// written, across checkpoints, archive and restarts, and with indexes that are missing, cut, or have a bit flipped.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import type { Broker } from '../../../broker/broker.ts'
import { logView } from '../../../consumers/log-stream/log-view.ts'
import { hashesOf } from '../../../core/log/index-part.ts'
import { LogIndex } from '../../../core/log/log-index.ts'
import { scanLog, seekId, shownUpTo } from '../../../core/log/log-scan.ts'
import { seededRandom } from '../../../core/random.ts'
import { startBroker } from '../../broker/in-process.ts'
import { temporaryDirectory } from '../../process.ts'
import { rewrite } from './served.ts'

const log = ['--appendonly', 'yes', '--save', '', '--auto-aof-rewrite-percentage', '0']
const keysCount = 400

type Written = { position: number, ms: number, key: string }

async function scanned(b: Broker, from: number, until: number, backward: boolean, key: string | undefined): Promise<Written[]> {
  const found: Written[] = []
  const hashes = key === undefined ? undefined : hashesOf(0, Buffer.from(key))
  await scanLog(logView(b), {
    from, until, backward, hashes, take: (entry: Written) => found.push(entry) > 0,
    select: ({ position, ms, args }) => (key === undefined || args.text(1) === key ? { position, ms, key: args.text(1) } : undefined),
  })
  return found
}

/** Everything that is in the log, by the plain reader. */
function plain(b: Broker): Promise<Written[]> {
  return scanned(b, 1, Infinity, false, undefined)
}

function indexesBelow(dir: string): string[] {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.index')).map((name) => path.join(dir, name))
}

test('stretches and keys are found through indexes, whole or damaged', async (t) => {
  const seed = Math.trunc(Math.random() * 2 ** 31)
  t.log(`seed ${seed}`)
  const random = seededRandom(seed)
  const dir = temporaryDirectory(t)
  const names: string[] = []
  for (let life = 0; life < 2; life++) {
    const { broker, connect } = await startBroker(t, { dir, args: log })
    const client = await connect()
    for (let round = 0; round < 2; round++) {
      const batch: string[][] = []
      const first = names.length
      for (let i = 0; i < 4000; i++) {
        const key = `key:${random.u32() % keysCount}`
        names.push(key)
        batch.push(['SET', key, 'v'.repeat(random.u32() % 200)])
      }
      for (let i = 0; i < batch.length; i += 50) await client.pipeline(batch.slice(i, i + 50))
      t.is(broker.engine.log.appended, first + 4000)
      if (round < 1 || life < 1) {
        await rewrite(broker)
      }
      const all = await plain(broker)
      t.deepEqual(all.map((entry) => entry.key), names)
      for (let i = 0; i < 6; i++) {
        const one = 1 + (random.u32() % names.length)
        const other = 1 + (random.u32() % names.length)
        const [from, until] = [Math.min(one, other), Math.max(one, other)]
        const stretch = all.slice(from - 1, until)
        t.deepEqual(await scanned(broker, from, until, true, undefined), stretch.toReversed())
        const key = `key:${random.u32() % keysCount}`
        const mine = stretch.filter((entry) => entry.key === key)
        t.deepEqual(await scanned(broker, from, until, false, key), mine)
        t.deepEqual(await scanned(broker, from, until, true, key), mine.toReversed())
        t.is(await shownUpTo(logView(broker), until), until)
        const entry = all[one - 1]!
        t.is(await seekId(logView(broker), entry.ms, entry.position), entry.position)
        t.is(await seekId(logView(broker), entry.ms, 0), all.find((each) => each.ms === entry.ms)!.position)
        t.is(await seekId(logView(broker), entry.ms, 2 ** 50), (all.find((each) => each.ms > entry.ms)?.position ?? names.length + 1))
        t.is(await seekId(logView(broker), entry.ms + 1, 0), (all.find((each) => each.ms > entry.ms)?.position ?? names.length + 1))
      }
      // The next ones find the indexes of now: gone, cut, flipped, or as they are.
      for (const file of indexesBelow(dir)) {
        const bytes = readFileSync(file)
        const way = random.u32() % 4
        if (way === 0) rmSync(file)
        else if (way === 1) writeFileSync(file, bytes.subarray(0, random.u32() % bytes.length))
        else if (way === 2) {
          const at = random.u32() % bytes.length
          bytes[at] = bytes[at]! ^ (1 << (random.u32() % 8))
          writeFileSync(file, bytes)
        }
      }
      // What was learnt of them is forgotten.
      const view = logView(broker)
      const { specOf } = view.index as unknown as { specOf: ConstructorParameters<typeof LogIndex>[1] }
      view.index = new LogIndex(view.disk, specOf, (position) => view.segments().find(({ from }) => from === position)?.file)
    }
    await broker.stop()
  }
  const { broker } = await startBroker(t, { dir, args: log })
  await scanned(broker, 1, Infinity, true, undefined)
  t.true(indexesBelow(dir).length >= 3)
  for (const file of indexesBelow(dir)) t.true(existsSync(file.replace(/\.index$/, '')), file)
})

test('an index goes with its segment to the archive, and with it from there', async (t) => {
  const { broker, connect, dir } = await startBroker(t, { args: log })
  const client = await connect()
  for (let i = 0; i < 100; i++) await client.text('SET', `k${i}`, i)
  await rewrite(broker)
  await scanned(broker, 1, 50, true, undefined)
  const [first] = indexesBelow(dir)
  t.regex(first!, /archive.appendonly\.aof\.1\.incr\.aof\.index$/)
  await client.text('CONFIG', 'SET', 'log-retention-bytes', '0')
  await client.text('SET', 'k', 'v')
  await rewrite(broker)
  t.deepEqual(indexesBelow(dir), [])
})
