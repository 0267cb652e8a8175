// string.format: C's printf with Lua's limits, and %q.
import { checkInteger, checkNumber, checkString, toInteger } from './args.ts'
import { formatExponent, formatFixed, formatGeneral } from './decimal.ts'
import { argumentError, raise } from './sites.ts'
import type { LuaValue } from './value.ts'

interface Directive {
  readonly left: boolean
  readonly plus: boolean
  readonly space: boolean
  readonly alternate: boolean
  readonly zero: boolean
  readonly width: number
  /** -1: none given. */
  readonly precision: number
  readonly conversion: string
}

/** A %s without a precision is not padded or cut from this length on. */
const longString = 100

export function format(...args: LuaValue[]): string {
  const template = checkString(args[0], 1, args.length)
  let result = ''
  let argument = 1
  for (let i = 0; i < template.length; ) {
    const at = template.indexOf('%', i)
    if (at < 0) return result + template.slice(i)
    result += template.slice(i, at)
    if (template[at + 1] === '%') {
      result += '%'
      i = at + 2
      continue
    }
    if (++argument > args.length) throw argumentError(argument, 'no value')
    const [directive, next] = parseDirective(template, at + 1)
    result += convert(directive, args[argument - 1], argument, args.length)
    i = next
  }
  return result
}

function parseDirective(template: string, start: number): [Directive, number] {
  let at = start
  while (at < template.length && '-+ #0'.includes(template[at]!)) at++
  const flags = template.slice(start, at)
  if (flags.length > 5) throw raise('invalid format (repeated flags)')
  const digits = () => {
    const from = at
    while (at < from + 2 && template[at]! >= '0' && template[at]! <= '9') at++
    return template.slice(from, at)
  }
  const width = digits()
  let precision = -1
  if (template[at] === '.') {
    at++
    precision = Number(digits())
  }
  if (template[at]! >= '0' && template[at]! <= '9') throw raise('invalid format (width or precision too long)')
  const conversion = template[at] ?? ''
  const directive = {
    left: flags.includes('-'), plus: flags.includes('+'), space: flags.includes(' '), alternate: flags.includes('#'),
    zero: flags.includes('0'), width: Number(width), precision, conversion,
  }
  return [directive, at + 1]
}

function convert(d: Directive, v: LuaValue, argument: number, given: number): string {
  switch (d.conversion) {
    case 'c': {
      const c = String.fromCharCode(Number(BigInt.asUintN(8, BigInt(toInteger(checkNumber(v, argument, given))))))
      // What printf made ends at its first NUL.
      return pad(c, d).replace(/\0.*/s, '')
    }
    case 'd':
    case 'i':
      return signedInteger(checkInteger(v, argument, given), d)
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return unsignedInteger(checkNumber(v, argument, given), d)
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return float(checkNumber(v, argument, given), d)
    case 'q':
      return quoted(checkString(v, argument, given))
    case 's': {
      const s = checkString(v, argument, given)
      if (d.precision < 0 && s.length >= longString) return s
      const nul = s.indexOf('\0')
      const text = nul < 0 ? s : s.slice(0, nul)
      return pad(d.precision < 0 ? text : text.slice(0, d.precision), d)
    }
    default: {
      const nul = d.conversion === '\0' || d.conversion === '' ? '' : d.conversion
      throw raise(`invalid option '%${nul}' to 'format'`)
    }
  }
}

function pad(text: string, d: Directive): string {
  return d.left ? text.padEnd(d.width) : text.padStart(d.width)
}

/** Puts zeros between the sign or prefix and the digits, if the flag says so. */
function padNumber(prefix: string, digits: string, d: Directive, zeros: boolean): string {
  if (zeros && d.zero && !d.left) return prefix + digits.padStart(d.width - prefix.length, '0')
  return pad(prefix + digits, d)
}

function signOf(negative: boolean, d: Directive): string {
  if (negative) return '-'
  return d.plus ? '+' : d.space ? ' ' : ''
}

function withPrecision(digits: string, d: Directive): string {
  if (d.precision === 0 && digits === '0') return ''
  return d.precision > 0 ? digits.padStart(d.precision, '0') : digits
}

function signedInteger(n: number, d: Directive): string {
  const digits = Number.isSafeInteger(n) ? String(Math.abs(n)) : String(BigInt(n)).replace('-', '')
  return padNumber(signOf(n < 0, d), withPrecision(digits, d), d, d.precision < 0)
}

function unsignedInteger(n: number, d: Directive): string {
  const value = BigInt.asUintN(64, unsignedOf(n))
  const radix = d.conversion === 'o' ? 8 : d.conversion === 'u' ? 10 : 16
  let digits = withPrecision(value.toString(radix), d)
  let prefix = ''
  if (d.alternate && radix === 8 && !digits.startsWith('0')) digits = `0${digits}`
  if (d.alternate && radix === 16 && value !== 0n) prefix = '0x'
  const text = padNumber(prefix, digits, d, d.precision < 0)
  return d.conversion === 'X' ? text.toUpperCase() : text
}

/** As x86 casts a double to an unsigned integer of 64 bits. */
function unsignedOf(n: number): bigint {
  if (n >= 2 ** 63 && n < 2 ** 64) return BigInt(Math.trunc(n))
  if (n >= 2 ** 64) return 0n
  return BigInt(toInteger(n))
}

function float(n: number, d: Directive): string {
  const upper = d.conversion < 'a'
  const size = Number.isNaN(n) ? n : Math.abs(n)
  const precision = d.precision < 0 ? 6 : d.precision
  let text: string
  switch (d.conversion.toLowerCase()) {
    case 'e':
      text = formatExponent(size, precision, d.alternate, upper)
      break
    case 'f':
      text = formatFixed(size, precision, d.alternate)
      break
    default:
      text = formatGeneral(size, precision, d.alternate, upper)
  }
  const negative = n < 0 || (n === 0 && 1 / n < 0) || Number.isNaN(n)
  if (Number.isNaN(n)) text = text.slice(1)
  return padNumber(signOf(negative, d), text, d, Number.isFinite(n))
}

function quoted(s: string): string {
  const escaped = s.replaceAll(/["\\\n\r\0]/g, (c) => (c === '\r' ? '\\r' : c === '\0' ? '\\000' : `\\${c}`))
  return `"${escaped}"`
}

