// The server: reads the configuration, starts the broker, ends it in good order on SIGTERM and SIGINT.
// Exit codes: 0 after a graceful stop, 1 when it could not start.

import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import path from 'node:path'
import { createBroker } from '../index.ts'
import { ConfigError, createConfig } from '../../broker/config/config.ts'
import type { Config } from '../../broker/config/config.ts'
import { saveAtStop, stopWish } from '../../broker/persistence/save-at-stop.ts'
import { MillraceError } from '../../core/errors.ts'
import version from '../../package.json' with { type: 'json' }
import { operatorLog } from './operator-log.ts'
import type { Report } from './operator-log.ts'

/** Tells a process that it is the one that `daemonize` asks for. */
const behindMark = 'MILLRACE_DAEMONIZED'

/** Runs until it is told to stop; sets the exit code. */
export async function serve(argv: readonly string[]): Promise<void> {
  const config = readConfig(argv)
  if (config === undefined) return
  if (config.values.daemonize && process.env[behindMark] === undefined) return startBehind()
  const report = orExit(() => operatorLog(config.values))
  if (report === undefined) return
  const broker = orExit(() => createBroker({ config, report }))
  if (broker === undefined) return
  report('notice', `Millrace ${version.version} starts, pid ${process.pid}, Node ${process.version}`)
  for (const warning of config.warnings) report('warning', warning)
  let ending = false
  const end = async (why: string, words: string): Promise<void> => {
    if (ending) return
    report('notice', `${why}: stopping`)
    if (!broker.loading.active && !saveAtStop(broker, stopWish(words))) return
    ending = true
    await broker.stop()
    report('notice', 'stopped: all that was acknowledged is on disk')
    process.exit(0)
  }
  process.on('SIGTERM', () => void end('SIGTERM', config.values.shutdownOnSigterm))
  process.on('SIGINT', () => void end('SIGINT', config.values.shutdownOnSigint))
  // The end of a terminal, and whoever rotates logs, must not end the server.
  process.on('SIGHUP', () => report('notice', 'SIGHUP: nothing is to be done'))
  broker.onStopped = () => process.exit(0)

  holdPidFile(config, report)

  try {
    await broker.start()
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    report('warning', `cannot start (${error.code}): ${error.message}`)
    process.exit(1)
  }
  const { values } = config
  const doors = [
    values.port > 0 ? `port ${values.port}` : '',
    values.tlsPort > 0 ? `TLS port ${values.tlsPort}` : '',
    values.unixsocket,
  ].filter((door) => door !== '')
  report('notice', `ready to accept connections on ${doors.join(', ')}`)
  flushCompileCache()
}

/** `daemonize`: the server is another process, which outlives this one and its terminal. */
function startBehind(): void {
  const env = { ...process.env, [behindMark]: '1' }
  const words = [...process.execArgv, ...process.argv.slice(1)]
  spawn(process.execPath, words, { detached: true, stdio: 'ignore', env }).unref()
}

function readConfig(argv: readonly string[]): Config | undefined {
  return orExit(() => createConfig(argv, `Millrace ${version.version}`))
}

/** What `make` gives; undefined when the configuration can't be used: the operator reads why. */
function orExit<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
    return undefined
  }
}

/** Writes the process's number to `pidfile`, which goes when the process ends. */
function holdPidFile(config: Config, report: Report): void {
  const { dir, pidfile } = config.values
  if (pidfile === '') return
  const file = path.resolve(dir, pidfile)
  const own = `${process.pid}\n`
  try {
    writeFileSync(file, own)
  } catch (error) {
    report('warning', `can't write the pid file: ${(error as Error).message}`)
    return
  }
  process.once('exit', () => {
    try {
      if (readFileSync(file, 'utf8') === own) rmSync(file)
    } catch {
      // It is gone already.
    }
  })
}
