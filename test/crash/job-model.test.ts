// The model must notice each way in which a broker could break its promises, and nothing else.
import test from 'ava'
import { digestOf, JobModel, type Entry } from './job-model.ts'

const entry = (id: string, producer: number, number: number, body = 'body'): Entry => ({
  id, fields: ['producer', String(producer), 'number', String(number), 'body', body],
})

/** Two acknowledged jobs of producer 0, and a third whose answer was lost. */
function threeJobs(): JobModel {
  const model = new JobModel()
  for (const number of [0, 1, 2]) {
    const job = { producer: 0, number, digest: digestOf('body') }
    model.sending(job)
    if (number < 2) model.added(job, `1-${number}`)
  }
  return model
}

test('a lost answer may mean either outcome', (t) => {
  const model = threeJobs()
  model.checkStream([entry('1-0', 0, 0), entry('1-1', 0, 1)])
  model.checkStream([entry('1-0', 0, 0), entry('1-1', 0, 1), entry('2-0', 0, 2)])
  t.deepEqual(model.broken, [])
})

for (const [title, entries] of [
  ['a lost job', [entry('1-0', 0, 0)]],
  ['a job that is there twice', [entry('1-0', 0, 0), entry('1-1', 0, 1), entry('1-2', 0, 1)]],
  ['jobs out of order', [entry('1-0', 0, 1), entry('1-1', 0, 0)]],
  ['ids out of order', [entry('1-1', 0, 0), entry('1-0', 0, 1)]],
  ['a changed body', [entry('1-0', 0, 0, 'other'), entry('1-1', 0, 1)]],
  ['a job that nobody sent', [entry('1-0', 0, 0), entry('1-1', 0, 1), entry('1-2', 3, 0)]],
] as const) {
  test(`the stream check notices ${title}`, (t) => {
    const model = threeJobs()
    model.checkStream(entries)
    t.not(model.broken.length, 0)
  })
}

test('the pending check notices a lost XACK, a lost delivery and a delivery too many', (t) => {
  const entries = [entry('1-0', 0, 0), entry('1-1', 0, 1)]
  const model = threeJobs()
  for (const one of entries) model.deliveredNew(one)
  model.ackAnswered('1-0', 1, 5)

  model.checkPending(entries, new Map([['1-1', 1]]), 0)
  model.checkPending(entries, new Map([['1-1', 2]]), 1)
  t.deepEqual(model.broken, [])
  for (const pending of [[['1-0', 1], ['1-1', 1]], [], [['1-1', 0]], [['1-1', 2]]] as const) {
    const before = model.broken.length
    model.checkPending(entries, new Map(pending), 0)
    t.true(model.broken.length > before, JSON.stringify(pending))
  }
})

test('deliveries: never twice as new, never after the XACK was answered', (t) => {
  const model = threeJobs()
  model.deliveredNew(entry('1-0', 0, 0))
  model.ackAnswered('1-0', 1, 5)
  model.claimed(entry('1-0', 0, 0), 4)
  t.deepEqual(model.broken, [])
  model.claimed(entry('1-0', 0, 0), 6)
  model.deliveredNew(entry('1-0', 0, 0))
  model.ackAnswered('1-0', 1, 7)
  t.is(model.broken.length, 3)
})
