// Processes started by the launcher: messages in order both ways, ends told once, and what becomes of them when the
// launcher is killed.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { ChildProcess, prepareLauncher } from '../../broker/launcher.ts'
import type { ChildEnd } from '../../broker/launcher.ts'
import { temporaryDirectory } from '../process.ts'
import { until } from '../until.ts'
import { childrenOf, isAlive } from './children.ts'

const echo = `
process.on('message', (message) => {
  if (message === 'parent') process.send(process.ppid)
  else if (message.exit !== undefined) { console.error('told to'); process.exit(message.exit) }
  else process.send(message)
})
process.once('disconnect', () => process.exit(2))
`

class Child {
  readonly heard: unknown[]
  readonly ended: Promise<ChildEnd>
  readonly process: ChildProcess

  constructor(directory: string, program: string) {
    this.heard = []
    const { promise, resolve } = Promise.withResolvers<ChildEnd>()
    this.ended = promise
    this.process = new ChildProcess(directory, program, [], {
      heard: (message) => this.heard.push(message),
      ended: resolve,
    })
  }

  /** Resolves when it has said so much. */
  hears(count: number): Promise<void> {
    return until(`it has said ${count} times`, () => this.heard.length >= count)
  }
}

function prepare(t: ExecutionContext): string {
  const directory = temporaryDirectory(t)
  writeFileSync(path.join(directory, 'package.json'), '{"type": "module"}')
  writeFileSync(path.join(directory, 'echo.ts'), echo)
  return directory
}

test.serial('messages come in order, as they were; several children work at a time', async (t) => {
  const directory = prepare(t)
  const children = [new Child(directory, 'echo'), new Child(directory, 'echo')]
  const messages = Array.from({ length: 100 }, (_, i) => ({ i, bytes: new Uint8Array([i, 255]), big: 2n ** 60n }))
  for (const child of children) for (const message of messages) child.process.send(message)
  for (const child of children) {
    await child.hears(100)
    t.deepEqual(child.heard.map((message) => ({ ...message as object, bytes: undefined })),
      messages.map((message) => ({ ...message, bytes: undefined })))
    t.deepEqual([...(child.heard[7] as { bytes: Uint8Array }).bytes], [7, 255])
    t.true(child.process.pid! > 0)
  }
  t.not(children[0]!.process.pid, children[1]!.process.pid)
  children[0]!.process.send({ exit: 3 })
  t.deepEqual(await children[0]!.ended, { code: 3, how: 'ended with code 3 told to' })
  children[1]!.process.kill()
  t.deepEqual(await children[1]!.ended, { code: undefined, how: 'was ended by SIGKILL' })
  // Nobody is there any more.
  children[1]!.process.send({ exit: 0 })
  children[1]!.process.kill()
})

test.serial('a program that is not there', async (t) => {
  const { code, how } = await new Child(prepare(t), 'none').ended
  t.is(code, 1)
  t.regex(how, /^ended with code 1 [^]*Cannot find module/)
})

test.serial('killed before it runs', async (t) => {
  const child = new Child(prepare(t), 'echo')
  child.process.kill()
  t.is((await child.ended).how, 'was ended by SIGKILL')
})

test.serial('the launcher is killed: its children end, and the next one finds another', async (t) => {
  const directory = prepare(t)
  const child = new Child(directory, 'echo')
  child.process.send('parent')
  await child.hears(1)
  const [launcher] = child.heard as [number]
  t.not(launcher, process.pid)
  process.kill(launcher, 'SIGKILL')
  t.like(await child.ended, { code: undefined })
  const { pid } = child.process
  await until('the child has ended', () => !isAlive(pid!))
  // Nothing begins another one for no child.
  prepareLauncher()
  t.deepEqual(childrenOf(process.pid), [])
  const next = new Child(directory, 'echo')
  next.process.send('parent')
  await next.hears(1)
  t.not(next.heard[0], launcher)
  next.process.kill()
  await next.ended
})

for (const [how, execPath] of [['tells of it later', '/nowhere/node'], ['throws', 'no\0path']] as const) {
  test.serial(`a launcher that the system refuses, which ${how}: its children are told, and the next one is tried`, async (t) => {
    const directory = prepare(t)
    const before = new Child(directory, 'echo')
    before.process.send('parent')
    await before.hears(1)
    process.kill(before.heard[0] as number, 'SIGKILL')
    await before.ended
    const { execPath: usual } = process
    process.execPath = execPath
    const refused = new Child(directory, 'echo')
    process.execPath = usual
    refused.process.send('parent')
    t.regex((await refused.ended).how, /^could not be started: /)
    const next = new Child(directory, 'echo')
    next.process.send('parent')
    await next.hears(1)
    next.process.kill()
    await next.ended
  })
}
