// What the code generator asks about an expression, and how names and literals are written in JavaScript.
import { isOpen } from './syntax.ts'
import type { CallExpression, Expression, Local } from './syntax.ts'

/** Arithmetic operators and the metatables' events for them. */
export const events: Record<string, string> = {
  '+': '__add', '-': '__sub', '*': '__mul', '/': '__div', '%': '__mod', '^': '__pow',
}
/** Comparisons and the functions that do them. */
export const comparisons: Record<string, string> = {
  '<': '$less', '<=': '$lessOrEqual', '>': '$less', '>=': '$lessOrEqual',
}

/** Lua stores a constructor's sizes in a byte: three bits and an exponent, rounded up. */
export function roundedSize(n: number): number {
  let exponent = 0
  let size = n
  for (; size >= 16; exponent++) size = Math.floor((size + 1) / 2)
  return size * 2 ** exponent
}

export function nameOf(local: Local): string {
  return `v${local.id}`
}

export function calleeText(callee: string): string {
  return `(typeof ${callee} === 'function' ? ${callee} : $callable(${callee}))`
}

/** An expression whose text can stand twice: no effect, no cost. */
export function isSimple(e: Expression): boolean {
  if (e.kind === 'paren') return isSimple(e.inner) && !isOpen(e.inner)
  return e.kind === 'local' || e.kind === 'temporary' || isConstant(e)
}

/** How many `and` and `or` follow each other without parentheses. */
export function logicLength(e: Expression): number {
  let length = 0
  for (let at = e; at.kind === 'logic'; at = at.left) length++
  return length
}

/** How many operators follow each other without parentheses. */
export function chainLength(e: Expression): number {
  let length = 0
  for (let at = e; at.kind === 'binary' && events[at.op] !== undefined; at = at.left) length++
  return length
}

export function isConstant(e: Expression): boolean {
  if (e.kind === 'paren') return isConstant(e.inner)
  return e.kind === 'nil' || e.kind === 'true' || e.kind === 'false' || e.kind === 'number' || e.kind === 'string'
}

export function isTrue(e: Expression): boolean {
  return e.kind !== 'nil' && e.kind !== 'false'
}

export function isUpvalue(e: Expression): boolean {
  return e.kind === 'local' && e.upvalue && e.local.assigned
}

/** Whether a value is a number whatever happens. */
export function isNumber(e: Expression): boolean {
  switch (e.kind) {
    case 'number':
      return true
    case 'local':
      return e.local.number
    case 'paren':
      return isNumber(e.inner)
    case 'unary':
      return e.op === '-' && isNumber(e.operand)
    case 'binary':
      return events[e.op] !== undefined && isNumber(e.left) && isNumber(e.right)
    default:
      return false
  }
}

/** Whether an expression's text is a JavaScript boolean. */
export function isBoolean(e: Expression): boolean {
  if (e.kind === 'binary') return e.op === '==' || e.op === '~=' || comparisons[e.op] !== undefined
  if (e.kind === 'unary') return e.op === 'not'
  return e.kind === 'true' || e.kind === 'false' || (e.kind === 'paren' && isBoolean(e.inner))
}

export function arithmeticText(op: string, a: string, b: string): string {
  if (op === '%') return `${a} - Math.floor(${a} / ${b}) * ${b}`
  if (op === '^') return `$power(${a}, ${b})`
  return `${a} ${op} ${b}`
}

/** A value's name in error texts. */
export function describe(e: Expression): string | undefined {
  switch (e.kind) {
    case 'local':
      return `${e.upvalue ? 'upvalue' : 'local'} '${e.local.name}'`
    case 'global':
      return `global '${e.name}'`
    case 'index':
      return `field '${e.key.kind === 'string' ? cText(e.key.value) : '?'}'`
    case 'logic':
      // With a constant before it, the other operand is all there is.
      return isConstant(e.left) && isTrue(e.left) === (e.op === 'and') ? describe(e.right) : undefined
    case 'paren':
      return isOpen(e.inner) ? undefined : describe(e.inner)
    default:
      return undefined
  }
}

export function describeCallee(e: CallExpression): string | undefined {
  return e.kind === 'method' ? `method '${e.name}'` : describe(e.callee)
}

export function cText(s: string): string {
  const end = s.indexOf('\0')
  return end < 0 ? s : s.slice(0, end)
}

export function numberText(n: number): string {
  if (n !== n) return 'NaN'
  const text = n < 0 || Object.is(n, -0) ? `-${numberText(-n)}` : n === Infinity ? 'Infinity' : String(n)
  return text.startsWith('-') ? `(${text})` : text
}

/** A string literal of printable ASCII. */
export function quote(s: string): string {
  let text = "'"
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i)
    if (c === 39 || c === 92) text += `\\${s[i]!}`
    else if (c >= 32 && c < 127) text += s[i]!
    else text += `\\x${c.toString(16).padStart(2, '0')}`
  }
  return `${text}'`
}
