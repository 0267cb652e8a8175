// Policies at work without a broker: what is due is done through a driver of the engine.
import { runPlanned } from '../../../consumers/policies/planned-streams.ts'
import type { Scene } from '../../../consumers/policies/writer.ts'
import type { Engine } from '../../../core/engine.ts'
import { RdbFileReader } from '../../../core/checkpoint/rdb-file-reader.ts'
import { RdbLoader } from '../../../core/checkpoint/rdb-load.ts'
import { saveNow } from '../../../core/checkpoint/rdb-save.ts'
import type { Driver } from '../../core/commands/driver.ts'
import { driver } from '../../core/commands/driver.ts'

export function sceneOf(d: Driver): Scene & { run: () => void, reports: string[] } {
  const reports: string[] = []
  const scene: Scene = {
    engine: d.engine,
    writer: {
      db: 0,
      call: (words) => {
        const reply = d.run(...words.map((word) => typeof word === 'string' ? word : Buffer.from(word)))
        if (reply.startsWith('-')) throw new Error(reply.slice(1).trim())
        return reply
      },
      atomically: (work) => work(),
    },
    deeds: { deadLetters: 0, reapedConsumers: 0, releasedEntries: 0, dueItems: 0, failures: 0 },
    aliveSinceMs: 0,
    report: (text) => reports.push(text),
  }
  const run = (): void => {
    d.engine.beginTurn()
    runPlanned(scene)
  }
  return { ...scene, reports, run }
}

/** A fresh engine that was loaded from a file of this one. */
export function reloaded(engine: Engine): Engine {
  const parts: Buffer[] = []
  const aux = { 'redis-ver': '7.4.2' }
  saveNow(engine, (buf, from, to) => void parts.push(Buffer.from(buf.subarray(from, to))), { aux, checksum: true })
  const other = driver(3).engine
  other.replaying = true
  const reader = new RdbFileReader(other.settings.stringBytesMax, true)
  const loader = new RdbLoader(other, {})
  reader.push(Buffer.concat(parts))
  reader.end()
  if (reader.step(loader) === 'more') throw new Error('a short file')
  for (let result = reader.step(loader); result !== 'end'; result = reader.step(loader)) {
    if (result === 'more') throw new Error('a short file')
  }
  other.replaying = false
  other.setNow(engine.now)
  return other
}

/** Checks the books of a stream's groups and of the key space. */
export function checkStream(engine: Engine, key: string): void {
  const db = engine.dbs[0]!
  const name = Buffer.from(key)
  const entry = db.find(name, 0, name.length, db.hash(name, 0, name.length))
  if (entry !== 0) {
    engine.stream.open(db.rootOf(entry)).check()
    engine.groups.check(engine.stream.groups)
  }
  db.check()
  engine.arena.check()
}
