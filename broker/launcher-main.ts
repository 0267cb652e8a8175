// The process that starts others for the broker (see launcher.ts), and passes messages on between them.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { LauncherOrder, LauncherReport } from './launcher.ts'
import { childComplaintCharsMax } from './limits.ts'

const children = new Map<number, ChildProcess>()

function tell(report: LauncherReport): void {
  if (process.connected) process.send!(report)
}

function start(id: number, program: string, nodeFlags: string[]): void {
  const child = fork(program, [], {
    execArgv: nodeFlags, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced',
  })
  let complaint = ''
  const end = (code: number | undefined, how: string): void => {
    if (children.delete(id)) tell({ kind: 'ended', id, code, how: `${how} ${complaint}`.trim() })
  }
  children.set(id, child)
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-childComplaintCharsMax)
  })
  child.on('message', (message) => tell({ kind: 'heard', id, message }))
  child.on('error', (error) => {
    if (child.pid === undefined) end(undefined, `could not be started: ${error.message}`)
  })
  child.once('close', (code, signal) => {
    if (signal === null) end(code ?? undefined, `ended with code ${code}`)
    else end(undefined, `was ended by ${signal}`)
  })
  if (child.pid !== undefined) tell({ kind: 'started', id, pid: child.pid })
}

process.once('disconnect', () => process.exit(0))
// Ctrl-C at the terminal reaches the whole group: the broker decides what becomes of its children.
process.on('SIGINT', () => {})
process.on('message', (order: LauncherOrder) => {
  if (order.kind === 'start') start(order.id, order.program, order.nodeFlags)
  else if (order.kind === 'kill') children.get(order.id)?.kill('SIGKILL')
  else {
    const child = children.get(order.id)
    // One that could not be started has no channel, and tells of it in a moment.
    if (child?.connected === true) child.send(order.message as object, () => {})
  }
})
