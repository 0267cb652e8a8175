// Numbers and their texts, as C's strtod and printf have them.
import { formatGeneral } from './decimal.ts'

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/
const hexadecimal = /^([+-]?)0[xX](?:([0-9a-fA-F]+)\.?([0-9a-fA-F]*)|\.([0-9a-fA-F]+))(?:[pP]([+-]?\d+))?/
const special = /^([+-]?)(?:(infinity|inf)|nan(?:\([0-9A-Za-z_]*\))?)/i
const space = /^[ \t\n\v\f\r]*/

/** The number that a text is, white space around it aside; undefined if it is none. A NUL ends the text. */
export function parseNumber(text: string): number | undefined {
  const plain = quickInteger(text)
  if (plain >= 0) return plain
  const nul = text.indexOf('\0')
  const body = (nul < 0 ? text : text.slice(0, nul)).replace(space, '')
  const hex = hexadecimal.exec(body)
  const match = hex ?? decimal.exec(body) ?? special.exec(body)
  if (match === null) return undefined
  const rest = body.slice(match[0].length)
  if (rest.length > 0 && rest.replace(space, '').length > 0) return undefined
  if (hex !== null) return parseHexadecimal(hex)
  if (/\d/.test(match[0])) return Number(match[0])
  return match[2] === undefined ? NaN : match[1] === '-' ? -Infinity : Infinity
}

/** A short run of digits, the most frequent text; -1 if it is something else. */
function quickInteger(text: string): number {
  if (text.length === 0 || text.length > 15) return -1
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

function parseHexadecimal(match: RegExpExecArray): number {
  const whole = match[2] ?? ''
  const fraction = match[3] ?? match[4] ?? ''
  const exponent = Math.max(-5000, Math.min(5000, Number(match[5] ?? 0))) - 4 * fraction.length
  let digits = BigInt(`0x${whole}${fraction}`)
  let value: number
  if (exponent >= 0) value = exponent > 2000 && digits !== 0n ? Infinity : Number(digits << BigInt(exponent))
  else {
    // Divides exactly: a sticky bit stands for what is cut, so that the one rounding is right.
    const length = digits.toString(2).length
    const cut = Math.max(0, Math.min(length - 64, -exponent))
    if (cut > 0) {
      const low = digits & ((1n << BigInt(cut)) - 1n)
      digits = (digits >> BigInt(cut)) | (low === 0n ? 0n : 1n)
    }
    value = scale(Number(digits), exponent + cut)
  }
  return match[1] === '-' ? -value : value
}

function scale(value: number, exponent: number): number {
  while (exponent < -1000) {
    value *= 2 ** -1000
    exponent += 1000
  }
  return value * 2 ** exponent
}

/** What tostring gives: %.14g. NaN has a sign that JavaScript does not show; what x86 computes has it set. */
export function numberToString(n: number): string {
  if (Number.isInteger(n) && n < 1e14 && n > -1e14) return n === 0 && 1 / n < 0 ? '-0' : String(n)
  return formatGeneral(n, 14, false, false)
}
