// The HyperLogLog commands: few keys, and now and then many elements, so that sparse ones become dense.
import {
  anyOf, command, rarely, seq, times, word, type CommandShape, type Shape,
} from '../grammar.ts'
import { stringKey, streamKey, value } from '../pool.ts'

const sketches = ['h1', 'h1', 'h2', 'h3', 'h4']
const key: Shape = (r) => r.chance(0.95) ? [r.pick(sketches)] : r.chance(0.8) ? stringKey(r) : streamKey(r)
const element: Shape = (r) => r.chance(0.1) ? value(r) : [`e${r.below(6000)}`]
const elements: Shape = (r) => times(0, r.chance(0.1) ? 400 : 6, element)(r)

export const hyperloglogCommands: readonly CommandShape[] = [
  command('PFADD', 14, seq(key, elements)),
  command('PFCOUNT', 7, times(1, 3, key)),
  command('PFMERGE', 3, times(1, 4, key)),
  command('PFDEBUG', 2, rarely(
    seq(anyOf('GETREG', 'TODENSE', 'NOPE'), key), seq(anyOf('DECODE', 'ENCODING', 'decode'), key),
  )),
  command('GET', 2, key),
  command('STRLEN', 1, key),
  command('OBJECT', 1, seq(word('ENCODING'), key)),
  command('DEL', 1, rarely(key, (r) => [r.pick(['h3', 'h4'])])),
]
