// What must not compile. The compiler checks the marked lines with the rest of the tests: a line that compiles after all
// is an error, "unused @ts-expect-error". Nothing here is called.
import test from 'ava'
import { Worker, type Producer, type WorkerOptions } from '../../../consumers/worker/index.ts'

interface Jobs {
  resize: { image: string, width: number }
  mail: { to: string }
}

export function wrongUses(producer: Producer<Jobs>, options: WorkerOptions): void {
  void producer.add('resize', { image: 'cat.png', width: 640 }, { key: 'cat.png', delayMs: 10 })
  // @ts-expect-error no job of that name
  void producer.add('rezise', { image: 'cat.png', width: 640 })
  // @ts-expect-error a field is missing
  void producer.add('resize', { image: 'cat.png' })
  // @ts-expect-error the data of another job
  void producer.add('mail', { image: 'cat.png', width: 640 })
  // @ts-expect-error a field of another type
  void producer.add('resize', { image: 'cat.png', width: '640' })
  // @ts-expect-error no such option
  void producer.add('mail', { to: 'ann' }, { priority: 1 })
  // @ts-expect-error name and data don't belong together
  void producer.addMany([{ name: 'mail', data: { to: 'ann' } }, { name: 'mail', data: { image: 'cat.png', width: 1 } }])

  const handlers = { resize: (): number => 1, mail: (): void => {} }
  new Worker<Jobs>(options, handlers).on('completed', (job) => {
    const known: 'resize' | 'mail' = job.name
    void known
    // @ts-expect-error the data of one of the jobs only
    void job.data.to
    if (job.name === 'mail') void job.data.to.length
  })
  // @ts-expect-error a handler is missing
  void new Worker<Jobs>(options, { resize: handlers.resize })
  // @ts-expect-error no job of that name
  void new Worker<Jobs>(options, { ...handlers, other: () => {} })
  void new Worker<Jobs>(options, {
    ...handlers,
    // @ts-expect-error the data has no such field
    mail: (job) => job.data.image,
  })
  // @ts-expect-error no such event
  new Worker<Jobs>(options, handlers).on('complete', () => {})
  void new Worker<Jobs>(options, (job) => {
    // @ts-expect-error not before the name is known
    void job.data.width
    return job.name === 'resize' ? job.data.width : 0
  })
}

test('wrong names and data of jobs do not compile', (t) => {
  t.is(typeof wrongUses, 'function')
})
