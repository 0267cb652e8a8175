// Answers a question about the log's past from its files, which are only read.

import type { Disk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import { realClock } from '../../core/clock.ts'
import { historyRestartsMax } from '../../core/limits.ts'
import { historyFiles } from '../../core/log/history-files.ts'
import { answerAt } from './answer-at.ts'
import { keyHistory } from './key-history.ts'
import type { Answer, HistoryQuestion, Question } from './question.ts'
import { createScratch } from './scratch.ts'
import { verifyAll } from './verify-all.ts'

/** Works a slice at each step. Never throws for what the disk or the log is to blame for. */
export function* answer(question: Question, disk: Disk): Generator<unknown, Answer, void> {
  for (let restarts = 0; ; restarts++) {
    try {
      return yield* tryAnswer(question, disk)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // A file went to the archive just then.
      if (code === 'ENOENT' && restarts < historyRestartsMax) continue
      if (!(error instanceof MillraceError) && code === undefined) throw error
      return { kind: 'failed', code: code ?? 'ERROR', message: (error as Error).message }
    }
  }
}

function* tryAnswer(question: Question, disk: Disk): Generator<unknown, Answer, void> {
  switch (question.kind) {
    case 'at': return yield* answerAt(question, disk)
    case 'history': return yield* answerHistory(question, disk)
    case 'verify': return { kind: 'verify', summary: yield* verifyAll(disk, question.place) }
    default: throw new Error('no such question')
  }
}

function* answerHistory(question: HistoryQuestion, disk: Disk): Generator<unknown, Answer, void> {
  const { place, db, key, from, to, positionMax, count, newestFirst, bytesMax } = question
  const { specOf } = createScratch({ clock: realClock(), databases: 1 })
  const entries = yield* keyHistory({
    disk, sources: historyFiles(disk, place), specOf, db, key: Buffer.from(key), from, to, positionMax, count,
    newestFirst, bytesMax,
  })
  return { kind: 'history', entries }
}
