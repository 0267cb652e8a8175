// Numbers as C's printf writes them with `%.<precision>g`: what cjson gives for a number that is no small integer.
// JavaScript rounds a tie up, C to the even digit; and C writes at least two digits of an exponent.

const probeDigits = 100

/** `%.<precision>g` of a number. Precision is 1 to 17. A NaN is `-nan`, which is what 0/0 makes on x86. */
export function formatG(x: number, precision: number): string {
  if (x !== x) return '-nan'
  if (x === Infinity) return 'inf'
  if (x === -Infinity) return '-inf'
  if (x === 0) return Object.is(x, -0) ? '-0' : '0'
  const [digits, exponent] = roundedDigits(x, precision)
  const sign = x < 0 ? '-' : ''
  const kept = digits.replace(/0+$/, '')
  if (exponent < -4 || exponent >= precision) {
    const mantissa = kept.length > 1 ? `${kept[0]}.${kept.slice(1)}` : kept
    const size = Math.abs(exponent)
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${kept}`
  const whole = exponent + 1
  if (kept.length <= whole) return sign + kept.padEnd(whole, '0')
  return `${sign}${kept.slice(0, whole)}.${kept.slice(whole)}`
}

/** The significant digits, and the power of ten of the first. */
function roundedDigits(x: number, precision: number): [digits: string, exponent: number] {
  const text = Math.abs(x).toExponential(precision - 1)
  const at = text.indexOf('e')
  const digits = text.slice(0, at).replace('.', '')
  const exponent = Number(text.slice(at + 1))
  const last = digits.charCodeAt(precision - 1) - 48
  if ((last & 1) === 0) return [digits, exponent]
  // An odd last digit may come from a tie that was rounded up, where C would have gone down.
  const exact = Math.abs(x).toExponential(probeDigits)
  const more = exact.slice(0, exact.indexOf('e')).replace('.', '')
  const cut = more.slice(0, precision)
  if (!/^50*$/.test(more.slice(precision)) || (cut.charCodeAt(precision - 1) & 1) === 1) return [digits, exponent]
  return [cut, exponent]
}
