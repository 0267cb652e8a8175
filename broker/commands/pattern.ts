// Names against glob patterns, where a command takes a pattern for something other than keys.

import type { Args } from '../../core/args.ts'
import { globMatch } from '../../core/keyspace/glob.ts'

/** True when argument i, a pattern, matches the name in any case. */
export function matches(a: Args, i: number, name: string): boolean {
  const text = Buffer.from(name)
  return globMatch(a.buf, a.start[i]!, a.end[i]!, text, 0, text.length, true)
}
