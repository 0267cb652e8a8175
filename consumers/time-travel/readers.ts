// The processes that read the log's past, so that the broker goes on as if nothing were: a few at most, each answers
// one question at a time; further ones wait. One that has nothing to do stays a while, for starting costs more than
// asking.
//
// They are of low priority, and their memory is bounded. Whoever asked may go: the process at work for them is ended.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import path from 'node:path'
import { childEnvironment } from '../../broker/persistence/compaction-process.ts'
import { complaintCharsMax, questionsMax, readerHeapMib, readerIdleMs, readersMax } from './limits.ts'
import type { Answer, Question } from './question.ts'

/** Sources run as they are, and built they are `.js`: the child's file is of the same kind as this one. */
const program = path.join(import.meta.dirname, `reader-main${path.extname(import.meta.filename)}`)
const nodeFlags = ['--max-semi-space-size=2', '--v8-pool-size=1', `--max-old-space-size=${readerHeapMib}`]

export type Job = {
  readonly question: Question
  /** Called once, unless the job is cancelled. */
  readonly done: (answer: Answer) => void
}

type Reader = {
  child: ChildProcess
  job: Job | undefined
  idle: NodeJS.Timeout | undefined
}

export class Readers {
  private readonly readers: Set<Reader>
  private readonly waiting: Job[]
  private closed: boolean

  constructor() {
    this.readers = new Set()
    this.waiting = []
    this.closed = false
  }

  /** No further question is taken for now. */
  get full(): boolean {
    return this.waiting.length >= questionsMax
  }

  ask(job: Job): void {
    this.waiting.push(job)
    this.serve()
  }

  /** Nobody wants the answer any more. */
  cancel(job: Job): void {
    const at = this.waiting.indexOf(job)
    if (at >= 0) this.waiting.splice(at, 1)
    for (const reader of this.readers) {
      if (reader.job !== job) continue
      reader.job = undefined
      this.end(reader)
    }
  }

  close(): void {
    this.closed = true
    this.waiting.length = 0
    for (const reader of this.readers) {
      reader.job = undefined
      this.end(reader)
    }
  }

  private serve(): void {
    while (this.waiting.length > 0 && !this.closed) {
      const free = [...this.readers].find((reader) => reader.job === undefined)
      if (free === undefined && this.readers.size >= readersMax) return
      const reader = free ?? this.start()
      const job = this.waiting.shift()!
      clearTimeout(reader.idle)
      reader.job = job
      // One that could not be started has no channel, and tells of it in a moment.
      if (reader.child.connected) reader.child.send(job.question, () => {})
    }
  }

  private start(): Reader {
    const child = fork(program, [], {
      execArgv: nodeFlags, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: childEnvironment(),
      serialization: 'advanced',
    })
    const reader: Reader = { child, job: undefined, idle: undefined }
    this.readers.add(reader)
    let complaint = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-complaintCharsMax)
    })
    child.on('message', (answer: Answer) => {
      if (!this.readers.has(reader)) return
      const { job } = reader
      reader.job = undefined
      reader.idle = setTimeout(() => this.end(reader), readerIdleMs)
      job?.done(answer)
      this.serve()
    })
    const gone = (why: string): void => {
      if (!this.readers.delete(reader)) return
      clearTimeout(reader.idle)
      const { job } = reader
      reader.job = undefined
      job?.done({ kind: 'failed', code: 'READER_ENDED', message: `the process that reads the log ${why}`.trim() })
      this.serve()
    }
    child.on('error', (error) => gone(`failed: ${error.message}`))
    child.once('close', (code, signal) => {
      gone(signal === null ? `ended with code ${code} ${complaint}` : `was ended by ${signal} ${complaint}`)
    })
    return reader
  }

  private end(reader: Reader): void {
    this.readers.delete(reader)
    clearTimeout(reader.idle)
    reader.child.kill('SIGKILL')
    this.serve()
  }
}
