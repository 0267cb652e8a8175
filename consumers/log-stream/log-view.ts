// The broker's log as core/log reads it: which files there are now, and how far it may be shown.

import type { Mark } from '../../core/log/reader.ts'
import type { LogView } from '../../core/log/log-cursor.ts'
import { Segments } from '../../core/log/segments.ts'
import type { Segment } from '../../core/log/segments.ts'
import type { Broker } from '../../broker/broker.ts'
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

function makeView(b: Broker): LogView {
  const { disk, persistence, engine } = b
  const known = new Segments(disk)
  return {
    disk,
    monotonicMs: () => engine.clock.monotonicMs(),
    get safe() {
      return persistence.appender?.safe ?? 0
    },
    segments: () => (persistence.files === undefined ? []
      : known.list(persistence.files, archiveOf(b), persistence.appender?.sealed ?? 0)),
    markBefore: (segment, position) => markIn(b, segment, position),
  }
}

function markIn(b: Broker, segment: Segment, position: number): Mark | undefined {
  return segment.isOpen ? lastBefore(b.persistence.appender?.marks ?? [], position) : undefined
}

/** The last of the marks, which are in order, that stands before the entry at `position`. */
function lastBefore(marks: readonly Mark[], position: number): Mark | undefined {
  let from = 0
  let to = marks.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (marks[middle]!.position < position) from = middle + 1
    else to = middle
  }
  return marks[from - 1]
}
