// Starts and stops real servers for black-box tests: ours with the Node that runs the tests, and
// redis-server as the reference. Each listens on loopback on a free port with its own directory
// and is ended by its own pid, also when the test process dies early.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { RespClient } from './resp-client.ts'
import { pauseMs, until } from './until.ts'

const root = path.resolve(import.meta.dirname, '..')
const readyTimeoutMs = 60_000
const outputCharsMax = 20_000
const lastWordsMs = 5_000
/** The ports of tests, in as many ranges, each of one process. */
const portsFrom = 20_000
const portsPerRange = 200
const portRanges = 60

/** What a server needs of its test: a place to hang its end on. `t` of ava is one. */
export type Scope = { teardown(end: () => unknown): void }

export type ServerOptions = {
  /** The data directory; a fresh temporary one when left out. */
  dir?: string
  appendfsync?: 'always' | 'everysec' | 'no'
  /** Further arguments, in the form `--name value`. */
  args?: readonly string[]
  /** A configuration file (ours only). */
  fileArgument?: string
  /** Arguments for Node itself, before the program (ours only). */
  nodeArgs?: readonly string[]
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A server process that can be killed and started again on the same directory and port. */
export class ServerProcess {
  readonly name: string
  readonly port: number
  readonly dir: string
  output: string
  #command: readonly string[]
  #child: ChildProcess | null
  #ended: Promise<number | null>

  constructor(name: string, command: readonly string[], port: number, dir: string) {
    this.name = name
    this.port = port
    this.dir = dir
    this.output = ''
    this.#command = command
    this.#child = null
    this.#ended = Promise.resolve(null)
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} is not running`)
    return this.#child.pid
  }

  /** Resolves with the exit code (null after a signal) when the running process has ended. */
  get ended(): Promise<number | null> {
    return this.#ended
  }

  /** Starts the process and waits until PING is answered with PONG. */
  async start(): Promise<void> {
    const child = spawn(this.#command[0]!, this.#command.slice(1), { cwd: root })
    this.#child = child
    running.add(child)
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString('latin1')).slice(-outputCharsMax)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        keep(Buffer.from(String(error)))
        running.delete(child)
        resolve(null)
      })
      child.once('exit', (code) => {
        running.delete(child)
        resolve(code)
      })
    })
    await this.#ready(child)
  }

  async #ready(child: ChildProcess): Promise<void> {
    const began = performance.now()
    for (let waitedMs = 0; waitedMs < readyTimeoutMs; waitedMs = performance.now() - began) {
      if (!running.has(child)) {
        await lastWords(child)
        throw new Error(`${this.name} ended early:\n${this.output}`)
      }
      if (await answersPing(this.port)) return
      await sleep(pauseMs(waitedMs))
    }
    throw new Error(`${this.name} was not ready in ${readyTimeoutMs} ms:\n${this.output}`)
  }

  /** Kills the process as a power cut of the process would, and waits until it is gone. */
  async kill9(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  /** Asks the process to end (SIGTERM) and resolves with its exit code. */
  terminate(): Promise<number | null> {
    this.#child?.kill('SIGTERM')
    return this.#ended
  }

  /** Ends the process in good order, then starts it on the same directory and port. */
  async restart(): Promise<void> {
    const code = await this.terminate()
    if (code !== 0) throw new Error(`${this.name} ended with ${code}:\n${this.output}`)
    await this.start()
  }

  connect(): Promise<RespClient> {
    return RespClient.connect(this.port)
  }

  /** Waits until it has written that; what a process writes comes later than its replies. */
  async says(pattern: RegExp): Promise<void> {
    await until(`${this.name} writes ${pattern}`, () => pattern.test(this.output))
  }

  /** Runs commands, their words with blanks between, over a connection of their own; their replies, without the last CRLF. */
  async run(...commands: string[]): Promise<string[]> {
    const client = await this.connect()
    const replies = []
    for (const command of commands) replies.push((await client.text(...command.split(' '))).trim())
    client.destroy()
    return replies
  }
}

async function answersPing(port: number): Promise<boolean> {
  let client: RespClient | null = null
  try {
    client = await RespClient.connect(port)
    return (await client.text('PING')) === '+PONG\r\n'
  } catch {
    return false
  } finally {
    client?.destroy()
  }
}

/** Waits until all that a process that has ended wrote is read; what it started itself may hold its output open. */
async function lastWords(child: ChildProcess): Promise<void> {
  const read = [child.stdout!, child.stderr!].map((stream) => stream.closed || once(stream, 'close'))
  await Promise.race([Promise.all(read), sleep(lastWordsMs, undefined, { ref: false })])
}

/** Listens on a port of loopback; undefined when it is taken. */
function listen(port: number): Promise<net.Server | undefined> {
  const server = net.createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

/** The first of as many ports, which are this process's as long as it listens on that one. */
async function ownPorts(): Promise<number> {
  for (let i = 0; i < portRanges; i++) {
    const first = portsFrom + (process.pid + i) % portRanges * portsPerRange
    const server = await listen(first)
    if (server === undefined) continue
    server.unref()
    return first
  }
  throw new Error('all ports for tests are taken')
}

let ports: Promise<number> | undefined
let portsGiven = 0

/**
 * A port that nobody listens on, and that no other test and no client takes before a server is started on it: it lies
 * below those that the system hands out, in a range of this process's own.
 */
export async function freePort(): Promise<number> {
  const first = await (ports ??= ownPorts())
  for (let tries = 1; tries < portsPerRange; tries++) {
    const port = first + 1 + portsGiven++ % (portsPerRange - 1)
    const server = await listen(port)
    if (server === undefined) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
  throw new Error(`no port of those from ${first} on is free`)
}

/** What starts ours: its sources, or what `npm test` made of them, which starts sooner. */
export const program = path.resolve(root, process.env['MILLRACE_TEST_PROGRAM'] ?? 'ops/cli/millrace.ts')

/** A fresh directory that is removed at the end of the scope. */
export function temporaryDirectory(scope: Scope): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'millrace-test-'))
  scope.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function start(
  scope: Scope, name: string, command: readonly string[], options: ServerOptions,
): Promise<ServerProcess> {
  const dir = options.dir ?? temporaryDirectory(scope)
  const port = await freePort()
  const server = new ServerProcess(name, [
    ...command, '--port', String(port), '--dir', dir, '--appendonly', 'yes',
    '--appendfsync', options.appendfsync ?? 'everysec', '--save', '', ...(options.args ?? []),
  ], port, dir)
  scope.teardown(() => server.kill9())
  await server.start()
  return server
}

/** Starts ours, ready to answer. */
export function startMillrace(scope: Scope, options: ServerOptions = {}): Promise<ServerProcess> {
  const command = [process.execPath, ...(options.nodeArgs ?? []), program, ...[options.fileArgument ?? []].flat()]
  return start(scope, 'millrace', command, options)
}

/** Starts redis-server with the same settings, ready to answer. */
export function startRedis(scope: Scope, options: ServerOptions = {}): Promise<ServerProcess> {
  return start(scope, 'redis-server', ['redis-server', '--bind', '127.0.0.1'], options)
}

/** Asks redis-check-aof about the append-only files below this data directory. */
export function checkAof(dir: string): { ok: boolean, output: string } {
  const manifest = path.join(dir, 'appendonlydir', 'appendonly.aof.manifest')
  const { status, stdout, stderr } = spawnSync('redis-check-aof', [manifest], { encoding: 'utf8' })
  return { ok: status === 0, output: stdout + stderr }
}

export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0
}

/**
 * True when redis-server is installed. Without it the test ends early with a loud log line, except
 * under CI, where a missing reference server fails the test.
 */
export function requireRedis(t: ExecutionContext<unknown>): boolean {
  if (hasRedis()) return true
  if (process.env['CI']) t.fail('redis-server is not on PATH, and CI must compare against it')
  else t.pass('SKIPPED: redis-server is not on PATH')
  t.log('SKIPPED: redis-server is not on PATH; nothing was compared')
  return false
}
