// Processes of their own for work that this one need not wait for, started by a small one, the launcher.
//
// A fork copies the page tables of whoever forks: tens of milliseconds for a broker with much data, and then each page
// costs a fault when it is next written. The launcher is started while the broker is small, and passes messages on.
// All of them end when their channel closes, and so with the broker.

import { fork } from 'node:child_process'
import type { ChildProcess as Forked } from 'node:child_process'
import path from 'node:path'

export type ChildEnd = {
  /** undefined when it was ended by a signal, or could not be started. */
  code: number | undefined
  /** How it ended, and the last that it wrote to stderr: what follows "the process …". */
  how: string
}

export type ChildListener = {
  /** What the child sent, as a structured clone. */
  heard: (message: unknown) => void
  /** Called once, after the last message. */
  ended: (end: ChildEnd) => void
}

/** What the launcher is asked, and what it tells; `id` is the child's. */
export type LauncherOrder =
  | { kind: 'start', id: number, program: string, nodeFlags: string[] }
  | { kind: 'send', id: number, message: unknown }
  | { kind: 'kill', id: number }
export type LauncherReport =
  | { kind: 'started', id: number, pid: number }
  | { kind: 'heard', id: number, message: unknown }
  | { kind: 'ended', id: number } & ChildEnd

/** Sources run as they are, and built they are `.js`: all programs are of the same kind as this one. */
const extension = path.extname(import.meta.filename)

class Launcher {
  /** undefined when the system refused it. */
  private readonly process: Forked | undefined
  private readonly children: Map<number, { child: ChildProcess, listener: ChildListener }>
  private lastId: number
  over: boolean

  constructor() {
    this.children = new Map()
    this.lastId = 0
    this.over = false
    this.process = this.start()
    this.hold()
  }

  /** Where there is no memory for a fork it throws: that, too, is told to the children, and ends nothing else. */
  private start(): Forked | undefined {
    try {
      const launched = fork(path.join(import.meta.dirname, `launcher-main${extension}`), [], {
        execArgv: ['--max-semi-space-size=1', '--v8-pool-size=0'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        env: childEnvironment(), serialization: 'advanced',
      })
      launched.on('message', (report) => this.hear(report as LauncherReport))
      launched.on('error', (error) => {
        if (launched.pid === undefined) this.end(`could not be started: ${error.message}`)
      })
      launched.once('exit', () => this.end('is out of reach, for the one that started it has ended'))
      return launched
    } catch (error) {
      setImmediate(() => this.end(`could not be started: ${(error as Error).message}`))
      return undefined
    }
  }

  add(child: ChildProcess, listener: ChildListener): number {
    this.children.set(++this.lastId, { child, listener })
    this.hold()
    return this.lastId
  }

  /** What can't be sent is answered by the launcher's end. */
  order(order: LauncherOrder): void {
    if (this.process?.connected === true) this.process.send(order, () => {})
  }

  private hear(report: LauncherReport): void {
    const found = this.children.get(report.id)
    if (found === undefined) return
    if (report.kind === 'started') found.child.pid = report.pid
    else if (report.kind === 'heard') found.listener.heard(report.message)
    else {
      this.children.delete(report.id)
      this.hold()
      found.listener.ended({ code: report.code, how: report.how })
    }
  }

  private end(how: string): void {
    this.over = true
    const left = [...this.children.values()]
    this.children.clear()
    for (const { listener } of left) listener.ended({ code: undefined, how })
  }

  /** Only children that are at work keep this process from ending. */
  private hold(): void {
    if (this.children.size > 0) {
      this.process?.ref()
      this.process?.channel?.ref()
    } else {
      this.process?.unref()
      this.process?.channel?.unref()
    }
  }
}

let launcher: Launcher | undefined

/** Starts the launcher, unless there was one: what could not be kept running waits for the next child. */
export function prepareLauncher(): void {
  launcher ??= new Launcher()
}

function runningLauncher(): Launcher {
  if (launcher === undefined || launcher.over) launcher = new Launcher()
  return launcher
}

export class ChildProcess {
  /** undefined until it is started. */
  pid: number | undefined
  private readonly launcher: Launcher
  private readonly id: number

  /** `program` is the child's file in `directory`, without its extension. */
  constructor(directory: string, program: string, nodeFlags: string[], listener: ChildListener) {
    this.pid = undefined
    this.launcher = runningLauncher()
    this.id = this.launcher.add(this, listener)
    this.launcher.order({ kind: 'start', id: this.id, program: path.join(directory, program + extension), nodeFlags })
  }

  send(message: unknown): void {
    this.launcher.order({ kind: 'send', id: this.id, message })
  }

  /** By SIGKILL; `ended` is called all the same. */
  kill(): void {
    this.launcher.order({ kind: 'kill', id: this.id })
  }
}

/** What Node is told for the parent's sake (inspectors, coverage) is not for the child. */
function childEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env }
  delete environment['NODE_OPTIONS']
  delete environment['NODE_V8_COVERAGE']
  return environment
}
