// Who runs in a measurement: Millrace, redis-server where it is installed, and the ceiling program.

import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

export type Policy = 'always' | 'everysec' | 'no'
/** `monitored`: ours with its metrics collected. */
export type Name = 'ours' | 'peer' | 'ceiling' | 'monitored'

export type Contestant = {
  name: Name
  port: number
  folder: string
  /** Resident memory in bytes. */
  residentBytes: () => number
  stop: () => Promise<void>
}

const collectedEveryMs = 1000
const here = import.meta.dirname
const root = path.join(here, '../..')
/** As its users have it. */
const program = path.join(root, 'dist/millrace.js')

export function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Makes the program from the sources. */
export function build(): void {
  execFileSync('npm', ['run', 'bundle'], { cwd: root, stdio: 'ignore' })
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}

/** One command over a connection of its own; resolves with the first bytes of the reply. */
export function ask(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`))
    socket.once('data', (bytes) => {
      resolve(bytes.toString('latin1'))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

/** Waits for a PING that is answered; returns the milliseconds since `since`. */
async function ready(child: ChildProcess, port: number, since: number): Promise<number> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server on port ${port} ended with ${child.exitCode}`)
    try {
      if ((await ask(port, 'PING')).startsWith('+PONG')) return performance.now() - since
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Collects metrics as Prometheus does. */
async function collect(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`)
  await answer.arrayBuffer()
}

export type StartOptions = {
  policy: Policy
  /** A data folder to start from; a temporary one is made, and removed at the end, when it is absent. */
  folder?: string
  /** Our process writes a CPU profile into this folder when it ends. */
  profile?: string
}

/** Starts a contestant and waits until it answers; `startMs` is how long that took. */
export async function start(name: Name, options: StartOptions): Promise<Contestant & { startMs: number }> {
  const port = await freePort()
  const metricsPort = await freePort()
  const folder = options.folder ?? mkdtempSync(path.join(os.tmpdir(), 'millrace-bench-'))
  const common = [
    '--port', String(port), '--dir', folder, '--appendonly', 'yes', '--appendfsync', options.policy, '--save', '',
    '--auto-aof-rewrite-percentage', '0',
  ]
  const profile = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]
  const commands: Record<Name, [string, string[]]> = {
    ours: [process.execPath, [...profile, program, ...common]],
    monitored: [process.execPath, [...profile, program, ...common, '--metrics-port', String(metricsPort)]],
    peer: ['redis-server', common],
    ceiling: [process.execPath, [path.join(here, 'ceiling.ts'), String(port), path.join(folder, 'ceiling.aof')]],
  }
  const [command, args] = commands[name]
  const since = performance.now()
  const child = spawn(command, args, { stdio: 'ignore' })
  const startMs = await ready(child, port, since)
  const collecting = name === 'monitored' ? setInterval(() => void collect(metricsPort), collectedEveryMs) : undefined
  return {
    name, port, folder, startMs,
    residentBytes: () => residentBytes(child.pid!),
    async stop() {
      clearInterval(collecting)
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function residentBytes(pid: number): number {
  if (process.platform === 'linux') {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return Number(match?.[1]) * 1024
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024
}
