// The tour of the README, pasted block by block as a newcomer would: what a block prints must be what its lines that
// begin with `#>` say, `…` standing for whatever differs from run to run.
import { execFile, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { freePort, program as ours, temporaryDirectory } from './process.ts'

const root = path.resolve(import.meta.dirname, '..')
const blockMsMax = 60_000

type Block = { text: string, expected: string[] }

function tour(): Block[] {
  const section = /^## A tour\n([^]*?)^## /m.exec(readFileSync(path.join(root, 'README.md'), 'utf8'))![1]!
  return [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text]) => ({
    text: text!, expected: [...text!.matchAll(/^#> ?(.*)$/gm)].map((found) => found[1]!),
  }))
}

/** Whether text is the expected lines, in which `…` stands for anything. */
function isAsTold(output: string, expected: readonly string[]): boolean {
  const pattern = expected.map((line) => line.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*')).join('\\n')
  return new RegExp(`^${pattern}\\s*$`).test(output)
}

/** A folder in which the tour's words mean this working copy, and its ports are free ones. */
async function playground(t: ExecutionContext): Promise<{ folder: string, env: NodeJS.ProcessEnv, adapt: (text: string) => string }> {
  const folder = temporaryDirectory(t)
  const bin = path.join(folder, 'bin')
  for (const dir of [bin, path.join(folder, 'node_modules/millrace')]) mkdirSync(dir, { recursive: true })
  const ports = { millrace: await freePort(), nats: await freePort() }
  const millrace = `exec ${process.execPath} ${ours}`
  const program = (name: string, line: string): void => {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${line}\n`)
    chmodSync(path.join(bin, name), 0o755)
  }
  program('npm', `[ "$1" = start ] || exit 0; ${millrace} --port ${ports.millrace}`)
  program('npx', `[ "$1" = node ] || exit 1; shift; exec ${process.execPath} "$@"`)
  program('redis-cli', `exec "$(command -v -p redis-cli || echo /usr/bin/redis-cli)" -p ${ports.millrace} "$@"`)
  const packed = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { exports: Record<string, { types?: string }> }
  const exports = Object.fromEntries(Object.entries(packed.exports).map(([name, target]) =>
    [name, typeof target === 'string' ? target : target.types!.replace('./dist/types/', './source/').replace(/\.d\.ts$/, '.ts')]))
  writeFileSync(path.join(folder, 'node_modules/millrace/package.json'), JSON.stringify({ name: 'millrace', type: 'module', exports }))
  symlinkSync(root, path.join(folder, 'node_modules/millrace/source'))
  symlinkSync(path.join(root, 'node_modules/nats'), path.join(folder, 'node_modules/nats'))
  const adapt = (text: string): string => text.replaceAll('6379', String(ports.millrace))
    .replaceAll('4222', String(ports.nats)).replaceAll('ops/cli', path.join(root, 'ops/cli'))
  return { folder, env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` }, adapt }
}

/** Blocks that start servers end with `&`: those go on until the tour is over. */
function startsServer(block: Block): boolean {
  return /&\s*$/m.test(block.text)
}

test('every block of the tour does what the README says', async (t) => {
  const missing = ['redis-cli', 'nats-server'].filter((name) => !isInstalled(name))
  if (missing.length > 0) {
    t.log(`SKIPPED: ${missing.join(' and ')} not installed`)
    if (process.env['CI']) t.fail(`${missing.join(' and ')} must be there under CI`)
    else t.pass()
    return
  }
  const { folder, env, adapt } = await playground(t)
  const blocks = tour()
  t.true(blocks.length >= 6, 'the tour has its blocks')
  for (const block of blocks) {
    if (startsServer(block)) {
      startServer(t, adapt(block.text), folder, env)
      await untilConnected(Number(adapt(block.text.includes('nats-server') ? '4222' : '6379')))
      continue
    }
    const output = await paste(adapt(block.text), folder, env)
    t.true(isAsTold(output, block.expected.map(adapt)), `${block.text}\nprinted:\n${output}`)
  }
})

function isInstalled(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((dir) => {
    try {
      readFileSync(path.join(dir, name))
      return true
    } catch {
      return false
    }
  })
}

function paste(text: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', text], { cwd, env, timeout: blockMsMax }, (error, stdout, stderr) => {
      resolve(error === null ? stdout : `${stdout}${stderr}\n(ended with ${error.code})`)
    })
  })
}

/** The shell waits for its children: the group ends together. */
function startServer(t: ExecutionContext, text: string, cwd: string, env: NodeJS.ProcessEnv): void {
  const shell = spawn('bash', ['-c', `${text}\nwait`], { cwd, env, detached: true, stdio: 'ignore' })
  t.teardown(() => {
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL')
  })
}

async function untilConnected(port: number): Promise<void> {
  const until = Date.now() + blockMsMax
  while (!await connects(port)) {
    if (Date.now() > until) throw new Error(`nobody listens on port ${port}`)
    await delay(50)
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
