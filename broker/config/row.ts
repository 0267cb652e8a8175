// What a parameter of the configuration is: one row of the table, read by the file reader, CONFIG GET, CONFIG SET
// and CONFIG REWRITE. Names and ranges: https://redis.io/docs/latest/operate/oss_and_stack/management/config/

/** A value of any row. */
export type Value = boolean | number | string | object

type Common = {
  /** An older name for the same parameter. */
  alias?: string
  /** Only the start may set it. */
  immutable?: true
  /** CONFIG SET needs `enable-protected-configs`. */
  protected?: true
  /** Never shown in logs. */
  sensitive?: true
  /** CONFIG GET shows only whether there is a value. */
  hiddenValue?: true
  /** CONFIG GET shows it only by its whole name. */
  hidden?: true
  /** Known so that a stock redis.conf loads and tools can read it, but without a meaning here. */
  inert?: true
}

export type BoolRow = Common & { name: string, kind: 'bool', default: boolean }

/** `memory` takes 1kb, 1gb …; `percent` takes memory or a percentage, which is kept as a negative number. */
export type IntRow = Common & {
  name: string
  kind: 'int'
  default: number
  min: number
  max: number
  unit?: 'memory' | 'percent' | 'octal'
}

export type EnumRow = Common & { name: string, kind: 'enum', default: string, options: readonly string[] }

/** A set of words out of `options`; the value is the words in the order of the options. */
export type FlagsRow = Common & {
  name: string
  kind: 'flags'
  default: string
  options: readonly string[]
  /** Throws Refused where words contradict each other. */
  accept?: (words: string) => string
}

export type TextRow = Common & {
  name: string
  kind: 'text'
  default: string
  /** The text as it is kept; throws Refused. */
  accept?: (text: string) => string
}

/** A parameter with several words, or with a syntax of its own. */
export type WordsRow<T extends Value = Value> = Common & {
  name: string
  kind: 'words'
  default: T
  /** Reads the words of one line, or of a whole CONFIG SET value. Throws Refused. */
  parse(words: readonly string[], current: T): T
  /** A further line of the same start adds to the one before instead of replacing it. */
  accumulate?(before: T, line: T): T
  /** As CONFIG GET shows it; `parse(format(x).split(' '))` gives x again. */
  format(value: T): string
  /** The lines of CONFIG REWRITE, without the name. Left out: `format` is one line. */
  lines?(value: T): string[]
}

export type Row = BoolRow | IntRow | EnumRow | FlagsRow | TextRow | WordsRow

/** Why a value can't be taken, in the words that Redis uses. */
export class Refused extends Error {}

export const intMax = 2147483647
export const uintMax = 4294967295
/** 2^63 stands for the largest signed, 2^64 for the largest unsigned 64-bit number: doubles can't hold those. */
export const longMax = 2 ** 63
export const ulongMax = 2 ** 64

type Named<R, N extends string, V> = Omit<R, 'name' | 'default'> & { name: N, default: V }

export function bool<const N extends string>(name: N, value: boolean, more: Common = {}): Named<BoolRow, N, boolean> {
  return { name, kind: 'bool', default: value, ...more }
}

export function int<const N extends string>(
  name: N, value: number, min: number, max: number, more: Common & Pick<IntRow, 'unit'> = {},
): Named<IntRow, N, number> {
  return { name, kind: 'int', default: value, min, max, ...more }
}

export function memory<const N extends string>(
  name: N, value: number, min: number, max: number, more: Common & Pick<IntRow, 'unit'> = {},
): Named<IntRow, N, number> {
  return { name, kind: 'int', default: value, min, max, unit: 'memory', ...more }
}

export function oneOf<const N extends string, const O extends readonly string[]>(
  name: N, value: NoInfer<O[number]>, options: O, more: Common = {},
): Named<EnumRow, N, O[number]> {
  return { name, kind: 'enum', default: value, options, ...more }
}

export function flags<const N extends string>(
  name: N, value: string, options: readonly string[], more: Common & Pick<FlagsRow, 'accept'> = {},
): Named<FlagsRow, N, string> {
  return { name, kind: 'flags', default: value, options, ...more }
}

export function text<const N extends string>(
  name: N, value: string, more: Common & Pick<TextRow, 'accept'> = {},
): Named<TextRow, N, string> {
  return { name, kind: 'text', default: value, ...more }
}

export function words<const N extends string, T extends Value>(
  name: N, value: T, more: Omit<WordsRow<T>, 'name' | 'kind' | 'default'>,
): WordsRow<T> & { name: N, default: T } {
  return { name, kind: 'words', default: value, ...more }
}
