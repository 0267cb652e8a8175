// Which arguments nobody else may see: passwords, in MONITOR, the slow log and wherever commands are shown.

import type { Args } from '../core/args.ts'
import { rowOf } from './config/table.ts'

/** True when argument i of the command is a password, or the name that goes with it. */
export function hiddenArgument(a: Args, i: number): boolean {
  if (i === 0) return false
  if (a.is(0, 'AUTH')) return true
  if (a.is(0, 'HELLO')) return (i >= 3 && a.is(i - 1, 'AUTH')) || (i >= 4 && a.is(i - 2, 'AUTH'))
  if (a.is(0, 'CONFIG')) return i >= 3 && i % 2 === 1 && a.is(1, 'SET') && rowOf(a.text(i - 1))?.sensitive === true
  if (a.is(0, 'MIGRATE') && i >= 7) return a.is(i - 1, 'AUTH') || a.is(i - 1, 'AUTH2') || a.is(i - 2, 'AUTH2')
  return a.is(0, 'ACL') && i >= 2 && a.is(1, 'SETUSER')
}
