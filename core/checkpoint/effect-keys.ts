// Which keys an entry of the log names, for the fold of a checkpoint: by the key specs of its command. What key specs
// can't tell is told here: whole databases, keys in another database than the entry's, keys found by patterns.

import type { Args } from '../args.ts'
import { visitKeys } from '../commands/key-positions.ts'
import type { KeySpec } from '../commands/spec.ts'
import type { Entry } from '../log/reader.ts'

/** What must be known of a command; a subcommand's name is `container|name`. */
export type EffectSpec = { readonly name: string; readonly keys: readonly KeySpec[] }

/** Gets what an entry touches. */
export interface KeyNotes {
  /** A command names the key in database `db`. */
  add(db: number, buf: Uint8Array, from: number, to: number): void
  /** It may need any key. */
  addAll(): void
  swap(one: number, other: number): void
  flush(db: number): void
  flushAll(): void
}

/** Commands that change no key: libraries of functions are folded whole. */
const keyless = new Set(['function|load', 'function|delete', 'function|flush', 'function|restore'])

/** Notes what an entry touches; `spec` is undefined where its command is not known. */
export function noteKeys(touched: KeyNotes, entry: Entry, spec: EffectSpec | undefined): void {
  if (spec === undefined) {
    touched.addAll()
    return
  }
  const { args, db } = entry
  switch (spec.name) {
    case 'flushall': return touched.flushAll()
    case 'flushdb': return touched.flush(db)
    case 'swapdb': return touched.swap(args.int(1), args.int(2))
    case 'move': return noteMove(touched, db, args)
    case 'copy': return noteCopy(touched, db, args)
    default:
  }
  if (keyless.has(spec.name)) return
  let found = false
  const whole = visitKeys(spec.keys, args, 0, (arg) => {
    found = true
    touched.add(db, args.buf, args.start[arg]!, args.end[arg]!)
  })
  if (!found || !whole || spec.keys.some(isOpen)) touched.addAll()
}

/** Keys that only the command itself finds: SORT … BY, GET. */
function isOpen(spec: KeySpec): boolean {
  return spec.begin === 'unknown' && spec.locate === undefined
}

function noteMove(touched: KeyNotes, db: number, a: Args): void {
  touched.add(db, a.buf, a.start[1]!, a.end[1]!)
  touched.add(a.int(2), a.buf, a.start[1]!, a.end[1]!)
}

function noteCopy(touched: KeyNotes, db: number, a: Args): void {
  let target = db
  for (let i = 3; i < a.count; i++) if (a.is(i, 'DB') && i + 1 < a.count) target = a.int(++i)
  touched.add(db, a.buf, a.start[1]!, a.end[1]!)
  touched.add(target, a.buf, a.start[2]!, a.end[2]!)
}
