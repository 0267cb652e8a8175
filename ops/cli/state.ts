// A state as commands: functions, then a RESTORE a key.

import { dump } from '../../core/checkpoint/dump.ts'
import { DictWalk } from '../../core/arena/dict-walk.ts'
import { encodeWords } from '../../core/args.ts'
import type { Engine } from '../../core/engine.ts'
import { exactDeadlineOf, keyOf } from '../../core/keyspace/entry.ts'
import { keyMatches } from './selection.ts'
import type { Selection } from './selection.ts'

export type StateCommand = {
  db: number
  /** It is about a key; otherwise about functions. */
  isKey: boolean
  /** As a RESP array. */
  bytes: Buffer
}

export function* stateCommands(engine: Engine, selection: Selection): Generator<StateCommand, void, void> {
  for (const source of engine.libraries.byName.values()) {
    yield { db: 0, isKey: false, bytes: encodeWords(['FUNCTION', 'LOAD', 'REPLACE', Buffer.from(source, 'latin1')]) }
  }
  const { arena } = engine
  const walk = new DictWalk(arena)
  for (const { index, dict } of engine.dbs) {
    walk.start(dict.root)
    for (let entry = walk.next(); entry !== 0; entry = walk.next()) {
      const key = keyOf(arena, entry)
      if (!keyMatches(selection, index, key)) continue
      const deadline = exactDeadlineOf(arena, entry)
      const words = ['RESTORE', key, String(deadline < 0n ? 0n : deadline), dump(engine, entry), 'REPLACE', 'ABSTTL']
      yield { db: index, isKey: true, bytes: encodeWords(words) }
    }
  }
}
