// Starts and stops real NATS servers for tests of the bridge: each on a free port of loopback with a store of its own,
// ended by its own pid.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { connect, type ConnectionOptions, type JetStreamManager, type NatsConnection } from 'nats'
import { freePort, temporaryDirectory, type Scope } from './process.ts'

const readyTimeoutMs = 60_000
const outputCharsMax = 20_000

/** For clients of JetStream: how long they wait for an answer (ms). */
export const patient = { timeout: 60_000 }

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export type NatsOptions = {
  /** Further lines of its configuration. */
  config?: string
  /** How a client of its own gets in, to see whether it is ready. */
  client?: Partial<ConnectionOptions>
}

/** A NATS server with JetStream that can be killed and started again on the same store and port. */
export class NatsServer {
  readonly port: number
  readonly dir: string
  output: string
  readonly #file: string
  readonly #client: Partial<ConnectionOptions>
  #child: ChildProcess | null
  #ended: Promise<void>

  constructor(port: number, dir: string, options: NatsOptions) {
    this.port = port
    this.dir = dir
    this.output = ''
    this.#file = path.join(dir, 'nats.conf')
    this.#client = options.client ?? {}
    this.#child = null
    this.#ended = Promise.resolve()
    writeFileSync(this.#file, [
      `listen: "127.0.0.1:${port}"`, `jetstream { store_dir: "${path.join(dir, 'store')}" }`, options.config ?? '',
    ].join('\n'))
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  /** A client of its own, without reconnecting. */
  connect(options: Partial<ConnectionOptions> = {}): Promise<NatsConnection> {
    return connect({ servers: this.url, reconnect: false, ...patient, ...this.#client, ...options })
  }

  /** Starts it and waits until JetStream answers. */
  async start(): Promise<void> {
    const child = spawn('nats-server', ['-c', this.#file])
    this.#child = child
    running.add(child)
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString('latin1')).slice(-outputCharsMax)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    this.#ended = new Promise((resolve) => {
      child.once('exit', () => {
        running.delete(child)
        resolve()
      })
    })
    const deadline = Date.now() + readyTimeoutMs
    while (!(await this.#ready())) {
      if (!running.has(child) || Date.now() > deadline) throw new Error(`nats-server is not ready:\n${this.output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async #ready(): Promise<boolean> {
    let client: NatsConnection | undefined
    try {
      client = await this.connect()
      await client.request('$JS.API.INFO', '', { timeout: 1000 })
      return true
    } catch {
      return false
    } finally {
      await client?.close()
    }
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('nats-server is not running')
    return this.#child.pid
  }

  /** Kills it as a power cut of the process would, and waits until it is gone. */
  async kill9(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  /** Stops it in its tracks, or lets it go on: a peer that doesn't answer. */
  freeze(stopped: boolean): void {
    this.#child?.kill(stopped ? 'SIGSTOP' : 'SIGCONT')
  }
}

/** Starts nats-server, ready to answer; it ends with the test. */
export async function startNats(scope: Scope, options: NatsOptions = {}): Promise<NatsServer> {
  const server = new NatsServer(await freePort(), temporaryDirectory(scope), options)
  scope.teardown(() => server.kill9())
  await server.start()
  return server
}

/** Starts nats-server with a client of its own and what manages JetStream; all end with the test. */
export async function startJetStream(
  scope: Scope, options: NatsOptions = {},
): Promise<{ nats: NatsServer, nc: NatsConnection, jsm: JetStreamManager }> {
  const nats = await startNats(scope, options)
  const nc = await nats.connect()
  scope.teardown(() => nc.close())
  return { nats, nc, jsm: await nc.jetstreamManager(patient) }
}

/** True when nats-server is installed; without it the test ends early and loudly, and fails under CI. */
export function requireNats(t: ExecutionContext<unknown>): boolean {
  if (spawnSync('nats-server', ['--version']).status === 0) return true
  if (process.env['CI']) t.fail('nats-server is not on PATH, and CI must bridge to it')
  else t.pass('SKIPPED: nats-server is not on PATH')
  t.log('SKIPPED: nats-server is not on PATH; nothing was bridged')
  return false
}
