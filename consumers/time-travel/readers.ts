// The processes that read the log's past, so that the broker goes on as if nothing were: a few at most, each answers
// one question at a time; further ones wait. One that has nothing to do stays a while, for starting costs more than
// asking.
//
// They are of low priority, and their memory is bounded. Whoever asked may go: the process at work for them is ended.

import { ChildProcess } from '../../broker/launcher.ts'
import { questionsMax, readerHeapMib, readerIdleMs, readersMax } from './limits.ts'
import type { Answer, Question } from './question.ts'

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
      reader.child.send(job.question)
    }
  }

  private start(): Reader {
    const child = new ChildProcess(import.meta.dirname, 'reader-main', nodeFlags, {
      heard: (message) => {
        if (!this.readers.has(reader)) return
        const { job } = reader
        reader.job = undefined
        reader.idle = setTimeout(() => this.end(reader), readerIdleMs)
        job?.done(message as Answer)
        this.serve()
      },
      ended: ({ how }) => {
        if (!this.readers.delete(reader)) return
        clearTimeout(reader.idle)
        const { job } = reader
        reader.job = undefined
        job?.done({ kind: 'failed', code: 'READER_ENDED', message: `the process that reads the log ${how}` })
        this.serve()
      },
    })
    const reader: Reader = { child, job: undefined, idle: undefined }
    this.readers.add(reader)
    return reader
  }

  private end(reader: Reader): void {
    this.readers.delete(reader)
    clearTimeout(reader.idle)
    reader.child.kill()
    this.serve()
  }
}
