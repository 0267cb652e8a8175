// The first line of a script or library: `#!lua flags=no-writes,allow-oom` and `#!lua name=mylib`.

import { splitWords } from '../config/file.ts'

/** What a script or function declares of itself. */
export const scriptFlags = {
  'no-writes': 1, 'allow-oom': 2, 'allow-stale': 4, 'no-cluster': 8, 'allow-cross-slot-keys': 16,
} as const
export type ScriptFlag = keyof typeof scriptFlags

/** The script has no shebang: what it may do is found out as it does it. */
export const withoutShebang = 32

/** Why a first line is refused. */
export class BadShebang {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export function flagOf(name: string): number | undefined {
  return Object.hasOwn(scriptFlags, name) ? scriptFlags[name as ScriptFlag] : undefined
}

/** The names of the flags, in Redis's order. */
export function flagNames(flags: number): ScriptFlag[] {
  const names = Object.keys(scriptFlags) as ScriptFlag[]
  return names.filter((name) => (flags & scriptFlags[name]) !== 0)
}

/** Flags and body of a script; the body keeps the line end, so that lines are counted from the shebang. */
export function readScript(source: string): { flags: number, body: string } {
  if (!source.startsWith('#!')) return { flags: withoutShebang, body: source }
  const end = source.indexOf('\n')
  if (end < 0) throw new BadShebang('Invalid script shebang')
  const words = splitWords(source.slice(0, end))
  const engine = words?.[0] ?? ''
  if (engine !== '#!lua') throw new BadShebang(`Unexpected engine in script shebang: ${engine}`)
  let flags = 0
  for (const word of words!.slice(1)) {
    if (!word.startsWith('flags=')) throw new BadShebang(`Unknown lua shebang option: ${word}`)
    for (const name of word.slice(6).split(',')) {
      if (name === '') continue
      const flag = flagOf(name)
      if (flag === undefined) throw new BadShebang(`Unexpected flag in script shebang: ${name}`)
      flags |= flag
    }
  }
  return { flags, body: source.slice(end) }
}

/** Engine, name and body of a library. */
export function readLibrary(source: string): { engine: string, name: string, body: string } {
  if (!source.startsWith('#!')) throw new BadShebang('Missing library metadata')
  const end = source.indexOf('\n')
  const words = end < 0 ? undefined : splitWords(source.slice(0, end))
  if (words === undefined || words.length === 0) throw new BadShebang('Invalid library metadata')
  let name: string | undefined
  for (const word of words.slice(1)) {
    if (!/^name=/i.test(word)) throw new BadShebang(`Invalid metadata value given: ${word}`)
    if (name !== undefined) throw new BadShebang('Invalid metadata value, name argument was given multiple times')
    name = word.slice(5)
  }
  if (name === undefined) throw new BadShebang('Library name was not given')
  return { engine: words[0]!.slice(2), name, body: source.slice(end) }
}
