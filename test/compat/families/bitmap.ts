// The bitmap commands with every option that 7.0 has.
import {
  anyOf, command, either, maybe, rarely, seq, times, word, type CommandShape, type Shape,
} from '../grammar.ts'
import { int, offset, stringKey } from '../pool.ts'

/** No offset makes a string of 512 MiB: reading it over and over takes longer than clocks may differ. */
const bitOffset: Shape = (r) => [
  r.chance(1 / 15) ? r.pick(['4294967296', '-1', 'x', '#1', '']) : String(r.below(r.chance(0.8) ? 80 : 900)),
]
const bit = rarely(int, anyOf('0', '1'))
const unit = anyOf('BYTE', 'BIT', 'bit', 'BIT', 'WORD')
const range: Shape = seq(offset, offset, maybe(0.5, unit))
const bitRange: Shape = (r) => [String(r.below(300) - 120), String(r.below(300) - 120), 'BIT']

const fieldType: Shape = (r) => r.chance(1 / 25) ? [r.pick(['u64', 'i65', 'i0', 'x8', 'u', '', 'I8', 'u08'])]
  : [r.pick(['i', 'u']) + String(r.pick([1, 2, 5, 7, 8, 16, 24, 31, 32, 33, 48, 52, 53, 62, 63]))]
const signed: Shape = (r) => [`i${r.pick([8, 64, 64, 63])}`]
const fieldOffset: Shape = (r) => [
  r.chance(1 / 20) ? r.pick(['#-1', 'x', '#', '4294967296', '#9223372036854775807'])
    : r.chance(0.3) ? `#${r.below(6)}` : String(r.below(90)),
]
const operand: Shape = either(int, (r) => [String(r.below(600) - 300)], (r) => [
  r.pick(['9223372036854775807', '-9223372036854775808', '4503599627370495', '4294967296', '9007199254740993', '-4294967297']),
])
const get: Shape = seq(anyOf('GET', 'get'), either(fieldType, fieldType, signed), fieldOffset)
const write: Shape = seq(
  maybe(0.6, seq(word('OVERFLOW'), rarely(word('NO'), anyOf('WRAP', 'SAT', 'FAIL', 'sat')))),
  anyOf('SET', 'INCRBY', 'incrby'), either(fieldType, fieldType, signed), fieldOffset, operand,
)

export const bitmapCommands: readonly CommandShape[] = [
  command('SETBIT', 8, seq(stringKey, bitOffset, bit)),
  command('GETBIT', 5, seq(stringKey, bitOffset)),
  command('BITCOUNT', 8, seq(stringKey, maybe(0.8, either(range, bitRange)))),
  command('BITPOS', 8, seq(stringKey, bit, maybe(0.8, either(offset, range, bitRange)))),
  command('BITOP', 8, either(
    seq(anyOf('AND', 'OR', 'XOR', 'or', 'NAND'), stringKey, times(1, 4, stringKey)),
    seq(word('NOT'), stringKey, rarely(times(1, 2, stringKey), stringKey)),
  )),
  command('BITFIELD', 12, seq(stringKey, times(0, 4, either(get, write, write)))),
  command('BITFIELD_RO', 3, seq(stringKey, times(0, 3, rarely(write, get)))),
]
