// The package as its users get it: packed, unpacked into an empty folder, run and imported.

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import { freePort } from '../process.ts'
import { RespClient } from '../resp-client.ts'
import { until } from '../until.ts'

const root = path.resolve(import.meta.dirname, '../..')

const program = `
import { createBroker, createConfig } from 'millrace'
import { Reader } from 'millrace/reader'
import { Producer, Worker } from 'millrace/worker'
const broker = createBroker({ config: createConfig(['--port', process.argv[2], '--dir', process.argv[3], '--save', '']) })
await broker.start()
const producer = new Producer({ connection: broker })
const worker = new Worker({ connection: { port: Number(process.argv[2]) } }, { greet: (job) => 'hello ' + job.data })
await worker.start()
const completed = new Promise((resolve) => worker.on('completed', (job, result) => resolve(result)))
await producer.add('greet', 'world')
console.log(await completed)
for await (const entry of new Reader({ connection: broker, stream: 'jobs' })) {
  console.log(entry.get('data'))
  break
}
await worker.close()
await producer.close()
await broker.stop()
console.log('started and stopped')
`
const typed = `
import { createBroker, createConfig } from 'millrace'
import { Reader, type StreamEntry } from 'millrace/reader'
import { Producer, Worker } from 'millrace/worker'
const broker = createBroker({ config: createConfig([]) })
export const entries: AsyncIterable<StreamEntry> = new Reader({ connection: broker, stream: '$all' })
export const done: Promise<void> = broker.start().then(() => broker.stop())
type Jobs = { resize: { width: number } }
export const added: Promise<string> = new Producer<Jobs>({ connection: broker }).add('resize', { width: 1 })
export const worker = new Worker<Jobs>({ connection: { port: 1 } }, { resize: (job) => job.data.width.toFixed() })
`

test('the packed tarball gives a command, an import and types that work', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'millrace-package-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: root, stdio: 'pipe' })
  // Without a package of its own the folder would belong to whatever package stands above it.
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n')
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!
  const installed = path.join(folder, 'node_modules/millrace')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', path.join(folder, tarball), '-C', installed, '--strip-components=1'])
  linkDependencies(folder)
  t.false(readdirSync(path.join(installed, 'dist/types')).includes('test'))

  const data = path.join(folder, 'data')
  mkdirSync(data)
  const port = await freePort()
  const command = path.join(installed, 'dist/millrace.js')
  const server = spawn(process.execPath, [command, '--port', String(port), '--dir', data, '--save', ''])
  t.teardown(() => server.kill('SIGKILL'))
  const ended = new Promise((resolve) => server.once('exit', resolve))
  const client = await untilConnected(port)
  t.is(await client.text('SET', 'k', 'v'), '+OK\r\n')
  // The programs of its child processes are there, too.
  t.regex(await client.text('LOG', 'HISTORY', 'k'), /SET/)
  await client.text('BGREWRITEAOF')
  await until(async () => (await client.text('INFO', 'persistence')).includes('aof_rewrite_in_progress:0'))
  t.true(readdirSync(path.join(data, 'appendonlydir')).some((name) => name.endsWith('.base.rdb')))
  t.is(await client.text('SET', 'k', 'w'), '+OK\r\n')
  client.destroy()
  server.kill('SIGTERM')
  t.is(await ended, 0)
  const run = (...args: string[]): string => execFileSync(process.execPath, [command, ...args], { encoding: 'utf8' })
  t.regex(run('--help'), /millrace check /)
  t.regex(run('check', data), /\nwhole: /)
  t.regex(run('export', data, '--format', 'ndjson'), /"command":"SET"/)

  writeFileSync(path.join(folder, 'main.mjs'), program)
  const main = [path.join(folder, 'main.mjs'), String(await freePort()), data]
  const output = execFileSync(process.execPath, main, { encoding: 'utf8', timeout: 120_000 })
  t.regex(output, /hello world\n"world"\nstarted and stopped/)

  writeFileSync(path.join(folder, 'typed.mts'), typed)
  const types = path.join(root, 'node_modules/@types')
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node', '--typeRoots', types]
  t.notThrows(() => execFileSync(path.join(root, 'node_modules/.bin/tsc'), [...options, 'typed.mts'], {
    cwd: folder, stdio: 'pipe',
  }))
})

/** What npm would install beside the package; its own dependencies are found where the links lead. */
function linkDependencies(folder: string): void {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { dependencies: object }
  for (const name of Object.keys(dependencies)) {
    mkdirSync(path.dirname(path.join(folder, 'node_modules', name)), { recursive: true })
    symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name))
  }
}

async function untilConnected(port: number): Promise<RespClient> {
  let client: RespClient | undefined
  await until('it is connected', async () => {
    client = await RespClient.connect(port).catch(() => undefined)
    return client !== undefined
  })
  return client!
}
