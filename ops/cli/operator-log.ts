// The operator's log: what the server tells of itself, to `logfile` or to stdout.

import { appendFileSync } from 'node:fs'
import path from 'node:path'
import type { LogLevel } from '../../broker/broker.ts'
import { ConfigError } from '../../broker/config/config.ts'
import type { Values } from '../../broker/config/table.ts'

export type Report = (level: LogLevel, text: string) => void

const marks: Record<LogLevel, string> = { debug: '.', verbose: '-', notice: '*', warning: '#' }
const levels: readonly LogLevel[] = ['debug', 'verbose', 'notice', 'warning']

/**
 * Lines in the form of Redis's log (pid, role, time, mark, text) to `logfile`, or to stdout without one. The file is
 * opened for each line, so that whoever rotates logs may move it away. Throws ConfigError when it can't be written.
 */
export function operatorLog(values: Values): Report {
  const { dir, logfile } = values
  const file = logfile === '' ? undefined : path.resolve(dir, logfile)
  if (file !== undefined) {
    try {
      appendFileSync(file, '')
    } catch (error) {
      throw new ConfigError(`Can't open the log file: ${(error as Error).message}`)
    }
  }
  return (level, text) => {
    const { loglevel } = values
    const least = loglevel === 'nothing' ? levels.length : levels.indexOf(loglevel)
    if (levels.indexOf(level) < least) return
    const line = `${process.pid}:M ${new Date().toISOString()} ${marks[level]} ${text}\n`
    if (file === undefined) process.stdout.write(line)
    else appendIfPossible(file, line)
  }
}

/** A log that can't be written must not end the server. */
function appendIfPossible(file: string, line: string): void {
  try {
    appendFileSync(file, line)
  } catch {
    // Nobody could be told.
  }
}
