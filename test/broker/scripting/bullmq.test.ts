// BullMQ's own scripts: all of them compile, and its queues work on them.
import { readdirSync, readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import path from 'node:path'
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq'
import type { Job } from 'bullmq'
import test from 'ava'
import { startMillrace } from '../../process.ts'
import { startBroker } from '../in-process.ts'

const folder = path.join(path.dirname(createRequire(import.meta.url).resolve('bullmq')), 'scripts')

test('every script is compiled and known by its SHA-1', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const files = readdirSync(folder).filter((name) => name.endsWith('.js') && name !== 'index.js')
  t.true(files.length > 30)
  for (const file of files) {
    const text = /const content = `([^]*?)`;\n/.exec(readFileSync(path.join(folder, file), 'utf8'))?.[1]
    t.truthy(text, file)
    const source = text!.replaceAll('\\\\', '\\').replaceAll('\\`', '`').replaceAll('\\$', '$')
    const sha = createHash('sha1').update(source).digest('hex')
    t.is(await client.text('SCRIPT', 'LOAD', source), `$40\r\n${sha}\r\n`, file)
  }
  client.destroy()
})

test('jobs are added, delayed, retried, prioritised, and flow; none is lost or done twice', async (t) => {
  const server = await startMillrace(t)
  const connection = { host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null }
  const queue = new Queue('jobs', { connection })
  const events = new QueueEvents('jobs', { connection })
  const flows = new FlowProducer({ connection })
  await events.waitUntilReady()
  const done = new Map<string, number>()
  const worker = new Worker('jobs', async (job: Job) => {
    if (job.name === 'flaky' && job.attemptsMade < 2) throw new Error('not yet')
    done.set(job.id!, (done.get(job.id!) ?? 0) + 1)
    return { name: job.name, children: Object.keys(await job.getChildrenValues()).length }
  }, { connection, concurrency: 8 })

  const plain = await queue.addBulk(Array.from({ length: 100 }, (_, i) => ({ name: 'plain', data: { i } })))
  const others = [
    await queue.add('flaky', {}, { attempts: 5, backoff: { type: 'fixed', delay: 20 } }),
    await queue.add('later', {}, { delay: 50 }), await queue.add('first', {}, { priority: 1 }),
    await queue.add('last', {}, { priority: 100 }), await queue.add('lifo', {}, { lifo: true }),
  ]
  const tree = await flows.add({
    name: 'parent', queueName: 'jobs', children: [1, 2, 3].map((n) => ({ name: 'child', queueName: 'jobs', data: { n } })),
  })
  const results = await Promise.all([...plain, ...others, tree.job].map((job) => job.waitUntilFinished(events, 120_000)))
  t.is(results.length, 106)
  t.deepEqual(results.at(-1), { name: 'parent', children: 3 })
  t.true([...done.values()].every((times) => times === 1))
  t.is(done.size, 109)
  const counts = await queue.getJobCounts('completed', 'failed', 'waiting', 'active', 'delayed', 'prioritized', 'waiting-children')
  t.is(counts['completed'], 109)
  t.is(Object.entries(counts).filter(([name]) => name !== 'completed').reduce((sum, [, n]) => sum + n, 0), 0)
  await Promise.all([worker.close(), events.close(), queue.close(), flows.close()])
})
