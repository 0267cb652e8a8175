// The command-line frame: help, version, usage, interruption, and the progress bar.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import test from 'ava'
import { manualClock } from '../../../core/clock.ts'
import { formatBytes, Progress, progressLine } from '../../../ops/cli/progress.ts'
import { freePort, program, temporaryDirectory } from '../../process.ts'
import { until } from '../../until.ts'
import { millrace, root, runMsMax } from './program.ts'

test('help of the program and of each command, and the version', async (t) => {
  const help = await millrace('--help')
  t.is(help.code, 0)
  for (const verb of ['check', 'repair', 'import', 'export']) {
    t.true(help.stdout.includes(`millrace ${verb} `), verb)
    const own = await millrace(verb, '--help')
    t.is(own.code, 0)
    t.regex(own.stdout, /Usage:[^]*Options:[^]*--json[^]*Exit codes:/)
    for (const line of own.stdout.split('\n')) t.true(line.length <= 120, line)
  }
  t.regex((await millrace('--version')).stdout, /^Millrace \d+\.\d+\.\d+\n$/)
})

test('what is no command is a configuration file, as with Redis', async (t) => {
  const { code, stderr } = await millrace(path.join(temporaryDirectory(t), 'none.conf'))
  t.is(code, 1)
  t.regex(stderr, /none\.conf/)
})

test('errors are objects under --json', async (t) => {
  const { code, stderr } = await millrace('check', path.join(temporaryDirectory(t), 'none'), '--json')
  t.is(code, 2)
  t.like(JSON.parse(stderr), { type: 'error', code: 'ENOENT' })
})

test('SIGINT ends an import cleanly: nothing half is left', async (t) => {
  // A server that never ends what it sends.
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.write('$1000000000\r\nREDIS0010')
    const more = setInterval(() => socket.write(Buffer.alloc(1000)), 5)
    socket.on('close', () => clearInterval(more))
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const parent = temporaryDirectory(t)
  const to = path.join(parent, 'to')
  const child = spawn(process.execPath, [program, 'import', `redis://127.0.0.1:${port}`, '--to', to], { cwd: root, timeout: runMsMax })
  await until(() => existsSync(path.join(to, 'temp-appendonlydir/temp-fetched.rdb')))
  child.kill('SIGINT')
  t.is(await new Promise((resolve) => child.once('close', resolve)), 130)
  t.deepEqual(readdirSync(parent), [])
})

test('a server that refuses the password ends a replay, and SIGINT does where it answers nothing', async (t) => {
  const dir = temporaryDirectory(t)
  const folder = path.join(dir, 'appendonlydir')
  mkdirSync(folder)
  writeFileSync(path.join(folder, 'appendonly.aof.manifest'), 'file appendonly.aof.1.incr.aof seq 1 type i\n')
  writeFileSync(path.join(folder, 'appendonly.aof.1.incr.aof'), '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n')
  let answer = '-WRONGPASS invalid username-password pair or user is disabled.\r\n'
  let asked = 0
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => {
      socket.write(answer)
      asked++
    })
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const into = `redis://:wrong@127.0.0.1:${port}`
  const refused = await millrace('replay', dir, '--into', into)
  t.is(refused.code, 2)
  t.regex(refused.stderr, /AUTH was refused: WRONGPASS/)
  answer = ''
  asked = 0
  const child = spawn(process.execPath, [program, 'replay', dir, '--into', into], { cwd: root, timeout: runMsMax })
  await until(() => asked > 0)
  child.kill('SIGINT')
  t.is(await new Promise((resolve) => child.once('close', resolve)), 130)
})

test('the progress bar: drawn over itself, no more often than needed, no wider than the terminal, and taken away', (t) => {
  const clock = manualClock(1000)
  const drawn: string[] = []
  const progress = new Progress({ columns: 40, write: (text) => drawn.push(text) }, clock)
  progress.show('checking', 'file', 1, 10)
  t.deepEqual(drawn, [])
  progress.enabled = true
  progress.show('checking', 'file', 1, 10)
  progress.show('checking', 'file', 2, 10)
  t.is(drawn.length, 1)
  clock.advance(200)
  progress.show('checking', 'file', 5, 10)
  t.is(drawn.length, 2)
  for (const text of drawn) t.true(text.replace(/^\r\S*\[K/, '').length < 40)
  progress.clear()
  progress.clear()
  t.is(drawn.length, 3)
  t.is(progressLine('x', 5_000_000, 10_000_000, 1000), 'x  [##########··········]  50 %  5.0 MB/s  1 s left')
  t.is(progressLine('x', 500, 0, 1000), 'x  500 B  500 B/s')
  t.is(formatBytes(123_456_789), '123 MB')
})
