// What C's printf makes of a number: %e %f %g. V8's toExponential and toFixed round exactly but break a tie upwards
// where C takes the even digit, and toFixed gives up at 1e21.

/** Enough digits to tell whether a number lies exactly between two of up to 99 digits. */
const digitsMax = 100


function cased(text: string, upper: boolean): string {
  return upper ? text.toUpperCase() : text
}

function special(n: number, upper: boolean): string | undefined {
  if (Number.isFinite(n)) return undefined
  return cased(Number.isNaN(n) ? '-nan' : n > 0 ? 'inf' : '-inf', upper)
}

function isNegative(n: number): boolean {
  return n < 0 || (n === 0 && 1 / n < 0)
}

/** The first `count` significant digits (count ≥ 1) of a number ≥ 0, and the decimal exponent of the first one. */
function significant(n: number, count: number): { digits: string; exponent: number } {
  let text = n.toExponential(count - 1)
  if (n !== 0 && count < digitsMax && n.toExponential(count).replace(/e.*/, '').endsWith('5')) {
    const long = n.toExponential(digitsMax)
    const digits = long.replace(/e.*/, '').replace('.', '')
    const tie = digits[count] === '5' && /^0*$/.test(digits.slice(count + 1))
    if (tie && Number(digits[count - 1]) % 2 === 0) {
      text = `${digits[0]}.${digits.slice(1, count)}${long.slice(long.indexOf('e'))}`
    }
  }
  const e = text.indexOf('e')
  return { digits: text.slice(0, e).replace('.', ''), exponent: Number(text.slice(e + 1)) }
}

function withExponent(digits: string, exponent: number, alternate: boolean): string {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : alternate ? `${digits}.` : digits
  const size = Math.abs(exponent)
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`
}

/** %e */
export function formatExponent(n: number, precision: number, alternate: boolean, upper: boolean): string {
  const other = special(n, upper)
  if (other !== undefined) return other
  const { digits, exponent } = significant(Math.abs(n), precision + 1)
  return cased((isNegative(n) ? '-' : '') + withExponent(digits, exponent, alternate), upper)
}

/** %f */
export function formatFixed(n: number, precision: number, alternate: boolean): string {
  const other = special(n, false)
  if (other !== undefined) return other
  const size = Math.abs(n)
  let text: string
  if (size >= 1e21) {
    text = BigInt(size).toString()
    if (precision > 0) text += `.${'0'.repeat(precision)}`
  } else {
    text = size.toFixed(precision)
    const more = size.toFixed(precision + 1)
    if (more.endsWith('5') && isExact(size, more)) {
      const cut = more.slice(0, -1)
      const kept = cut.endsWith('.') ? cut.slice(0, -1) : cut
      if (Number(kept.at(-1)) % 2 === 0) text = kept
    }
  }
  if (alternate && precision === 0) text += '.'
  return isNegative(n) ? `-${text}` : text
}

/** Whether a fixed text of a number is all of it. */
function isExact(n: number, text: string): boolean {
  const digits = n.toExponential(digitsMax).replace(/e.*/, '').replace('.', '').replace(/0+$/, '')
  return text.replace('.', '').replace(/^0+/, '') === digits || (n === 0 && /^[0.]*$/.test(text))
}

/** %g */
export function formatGeneral(n: number, precision: number, alternate: boolean, upper: boolean): string {
  const other = special(n, upper)
  if (other !== undefined) return other
  const count = precision === 0 ? 1 : precision
  const { digits, exponent } = significant(Math.abs(n), count)
  const kept = alternate ? digits : digits.replace(/0+$/, '') || '0'
  let text: string
  if (exponent < -4 || exponent >= count) text = withExponent(kept, exponent, alternate)
  else if (exponent < 0) text = `0.${'0'.repeat(-exponent - 1)}${kept}`
  else {
    const whole = kept.slice(0, exponent + 1).padEnd(exponent + 1, '0')
    const fraction = kept.slice(exponent + 1)
    text = fraction !== '' || alternate ? `${whole}.${fraction}` : whole
  }
  return cased(isNegative(n) ? `-${text}` : text, upper)
}
