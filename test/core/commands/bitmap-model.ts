// A naive bitmap: a string of the digits 0 and 1, and arithmetic on BigInts.

export const bitsOf = (bytes: Buffer): string => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')

export const bytesOf = (bits: string): Buffer =>
  Buffer.from(Array.from({ length: bits.length / 8 }, (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8), 2)))

export const padded = (bits: string, length: number): string =>
  bits.padEnd(Math.max(bits.length, Math.ceil(length / 8) * 8), '0')

/** The first and last index of an inclusive range over `length` things, undefined when it is empty. */
export function clip(first: number, last: number, length: number): [number, number] | undefined {
  const from = first < 0 ? Math.max(0, length + first) : first
  const to = Math.min(last < 0 ? Math.max(0, length + last) : last, length - 1)
  return from > to ? undefined : [from, to]
}

export type Overflow = 'WRAP' | 'SAT' | 'FAIL'
export type Field = {
  kind: 'GET' | 'SET' | 'INCRBY', signed: boolean, width: number, offset: number, operand: bigint, overflow: Overflow,
}

export function readField(bits: string, field: Field): bigint {
  const digits = padded(bits, field.offset + field.width).slice(field.offset, field.offset + field.width)
  const value = BigInt(`0b${digits}`)
  return field.signed && digits.startsWith('1') ? value - (1n << BigInt(field.width)) : value
}

/** The bits afterwards, and the reply: undefined for nil. */
export function applyField(bits: string, field: Field): [string, bigint | undefined] {
  const before = readField(bits, field)
  if (field.kind === 'GET') return [bits, before]
  const span = 1n << BigInt(field.width)
  const [least, most] = field.signed ? [-span / 2n, span / 2n - 1n] : [0n, span - 1n]
  let after = field.kind === 'SET' ? field.operand : before + field.operand
  if (after < least || after > most) {
    if (field.overflow === 'FAIL') return [bits, undefined]
    if (field.overflow === 'WRAP') {
      after = ((after % span) + span) % span
      if (after > most) after -= span
    } else {
      // Redis takes the operand of an unsigned SET for unsigned, too: what is negative is too large. And what is so low
      // that the distance from the upper end overflows is beyond that end.
      const far = field.kind === 'SET' && field.width < 64 && most - after >= 2n ** 63n
      after = after < least && (field.signed || field.kind === 'INCRBY') && !far ? least : most
    }
  }
  const digits = (after < 0n ? after + span : after).toString(2).padStart(field.width, '0')
  const { offset, width } = field
  return [bits.slice(0, offset) + digits + bits.slice(offset + width), field.kind === 'SET' ? before : after]
}

const exactlyOne = (column: readonly boolean[]): boolean => column.filter(Boolean).length === 1
const anyOfRest = (column: readonly boolean[]): boolean => column.slice(1).some(Boolean)

/** What BITOP makes of one bit of every source. */
export const operations: Record<string, (column: readonly boolean[]) => boolean> = {
  AND: (column) => column.every(Boolean),
  OR: (column) => column.some(Boolean),
  XOR: (column) => column.filter(Boolean).length % 2 === 1,
  NOT: (column) => !column[0],
  DIFF: (column) => column[0]! && !anyOfRest(column),
  DIFF1: (column) => !column[0] && anyOfRest(column),
  ANDOR: (column) => column[0]! && anyOfRest(column),
  ONE: exactlyOne,
}

export function operate(operation: string, sources: readonly string[]): string {
  const length = Math.max(...sources.map((bits) => bits.length))
  const of = operations[operation]!
  let result = ''
  for (let i = 0; i < length; i++) result += of(sources.map((bits) => bits[i] === '1')) ? '1' : '0'
  return result
}
