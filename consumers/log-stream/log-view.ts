// The broker's log as core/log reads it: which files there are now, and how far it may be shown.

import type { LogView } from '../../core/log/log-cursor.ts'
import { LogIndex } from '../../core/log/log-index.ts'
import { Segments } from '../../core/log/segments.ts'
import type { Broker } from '../../broker/broker.ts'
import { effectSpecs } from '../../broker/command.ts'
import { archiveOf } from '../../broker/persistence/log-folder.ts'

const views = new WeakMap<Broker, LogView>()

/** One for each broker; it holds what was learnt of the files. With `appendonly no` it has no segments. */
export function logView(b: Broker): LogView {
  let view = views.get(b)
  if (view === undefined) {
    view = makeView(b)
    views.set(b, view)
  }
  return view
}

/** The first position that is kept; behind the last one where none is. */
export function firstKept(view: LogView): number {
  return view.segments()[0]?.from ?? view.safe + 1
}

function makeView(b: Broker): LogView {
  const { disk, persistence, engine } = b
  const known = new Segments(disk)
  const view: LogView = {
    disk,
    monotonicMs: () => engine.clock.monotonicMs(),
    get safe() {
      return persistence.appender?.safe ?? 0
    },
    segments: () => (persistence.files === undefined ? []
      : known.list(persistence.files, archiveOf(b), persistence.appender?.sealed ?? 0)),
    marks: () => persistence.appender?.marks ?? [],
    index: new LogIndex(disk, effectSpecs(b.commands), (position) =>
      view.segments().find(({ from }) => from === position)?.file),
  }
  return view
}
