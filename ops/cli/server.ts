// The server: reads the configuration, starts the broker, ends it in good order on SIGTERM and SIGINT.
// Exit codes: 0 after a graceful stop, 1 when it could not start.

import { flushCompileCache } from 'node:module'
import { createBroker } from '../index.ts'
import type { LogLevel } from '../../broker/broker.ts'
import { ConfigError, createConfig } from '../../broker/config/config.ts'
import type { Config } from '../../broker/config/config.ts'
import { saveAtStop, stopWish } from '../../broker/persistence/save-at-stop.ts'
import { MillraceError } from '../../core/errors.ts'
import version from '../../package.json' with { type: 'json' }

const marks: Record<LogLevel, string> = { debug: '.', verbose: '-', notice: '*', warning: '#' }
const levels: readonly LogLevel[] = ['debug', 'verbose', 'notice', 'warning']

/** Runs until it is told to stop; sets the exit code. */
export async function serve(argv: readonly string[]): Promise<void> {
  const config = readConfig(argv)
  if (config === undefined) return
  const report = reporter(config)
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
  broker.onStopped = () => process.exit(0)

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

/** Lines in the form of Redis's log: pid, role, time, mark, text. */
function reporter(config: Config): (level: LogLevel, text: string) => void {
  return (level, text) => {
    const { loglevel } = config.values
    const least = loglevel === 'nothing' ? levels.length : levels.indexOf(loglevel)
    if (levels.indexOf(level) < least) return
    process.stdout.write(`${process.pid}:M ${new Date().toISOString()} ${marks[level]} ${text}\n`)
  }
}
