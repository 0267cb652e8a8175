// Another dataset beside the one that is served: that of a master, on its way in. It has databases and libraries of its
// own in the engine's memory. To work on it, it takes the engine's place for the time of one call, in which nothing is
// logged and nobody hears of anything; between such calls the engine is as if it were not there.

import { nullLog } from '../../core/log/log.ts'
import { Keyspace } from '../../core/keyspace/keyspace.ts'
import type { Broker } from '../broker.ts'

export class Shadow {
  private readonly broker: Broker
  private readonly dbs: Keyspace[]
  private libraries: [name: string, source: string][]
  /** Database that was worked on last. */
  private db: Keyspace

  constructor(broker: Broker) {
    this.broker = broker
    this.dbs = broker.engine.dbs.map(({ index }) => new Keyspace(broker.engine, index))
    this.libraries = []
    this.db = this.dbs[0]!
  }

  /** Runs `work` with an engine that holds this dataset. */
  inside<T>(work: () => T): T {
    const { engine } = this.broker
    const {
      log, replaying, db, session, snapshot, onTouch, onReady, onGone, onReplaced, onFlushed, onEmptied, onEvent,
    } = engine
    this.exchange()
    engine.log = nullLog(log.appended)
    engine.replaying = true
    engine.db = this.db
    engine.snapshot = undefined
    engine.onTouch = engine.onReady = engine.onGone = undefined
    engine.onReplaced = engine.onFlushed = engine.onEmptied = engine.onEvent = undefined
    try {
      return work()
    } finally {
      this.db = engine.db
      this.exchange()
      Object.assign(engine, {
        log, replaying, db, session, snapshot, onTouch, onReady, onGone, onReplaced, onFlushed, onEmptied, onEvent,
      })
    }
  }

  /** It is what is served from now on; what was, is freed in later turns. */
  takeOver(): void {
    const { engine } = this.broker
    for (const db of engine.dbs) engine.replaced(db.index, -1)
    if (engine.onFlushed !== undefined) engine.onFlushed()
    this.exchange()
    engine.db = engine.dbs[0]!
    this.drop()
  }

  /** Its memory is freed in later turns; it can't be used any more. */
  drop(): void {
    for (const db of this.dbs) db.abandon()
    this.libraries = []
  }

  private exchange(): void {
    const { dbs, libraries } = this.broker.engine
    for (const [i, db] of this.dbs.entries()) {
      this.dbs[i] = dbs[i]!
      dbs[i] = db
    }
    if (libraries.byName.size + this.libraries.length === 0) return
    const before = [...libraries.byName]
    libraries.clear()
    for (const [name, source] of this.libraries) libraries.set(name, source)
    this.libraries = before
  }
}
