// The words in which the family tables describe commands. A Shape makes the arguments of one call;
// shapes are combined into sequences, options and choices. Arguments are binary (latin1) strings.
import type { Random } from './random.ts'

export type Shape = (r: Random) => string[]

export type CommandShape = {
  name: string
  /** How often it is drawn, relative to the others of its family. */
  weight: number
  args: Shape
  /** Set where changed arguments could hang, pause or stop a server: never mutated. */
  fragile?: true
}

export const none: Shape = () => []

/** Fixed words. */
export const word = (...words: string[]): Shape => () => words

/** One of these single words. */
export const anyOf = (...words: string[]): Shape => (r) => [r.pick(words)]

/** Shapes one after the other. */
export const seq = (...shapes: Shape[]): Shape => (r) => shapes.flatMap((shape) => shape(r))

/** One of these shapes. */
export const either = (...shapes: Shape[]): Shape => (r) => r.pick(shapes)(r)

/** The first shape one time in ten, else the second. */
export const rarely = (odd: Shape, usual: Shape): Shape => (r) => (r.chance(0.1) ? odd : usual)(r)

/** The shape, or nothing. */
export const maybe = (probability: number, shape: Shape): Shape =>
  (r) => r.chance(probability) ? shape(r) : []

/** The shape, from `min` to `max` times. */
export const times = (min: number, max: number, shape: Shape): Shape => (r) => {
  const args: string[] = []
  for (let n = min + r.below(max - min + 1); n > 0; n--) args.push(...shape(r))
  return args
}

/** All shapes in random order (each may make nothing). */
export const anyOrder = (...shapes: Shape[]): Shape => (r) => {
  const left = [...shapes]
  const args: string[] = []
  while (left.length > 0) args.push(...left.splice(r.below(left.length), 1)[0]!(r))
  return args
}

/** Builds a table row. */
export function command(
  name: string, weight: number, args: Shape, fragile?: 'fragile',
): CommandShape {
  return fragile ? { name, weight, args, fragile: true } : { name, weight, args }
}

/** Draws a row of the table by weight. */
export function drawCommand(r: Random, table: readonly CommandShape[]): CommandShape {
  const total = table.reduce((sum, row) => sum + row.weight, 0)
  let left = r.below(total)
  for (const row of table) {
    left -= row.weight
    if (left < 0) return row
  }
  return table[0]!
}
