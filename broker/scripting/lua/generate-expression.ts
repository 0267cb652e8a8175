// Expressions to JavaScript. What a script names is gone here: locals are v1, v2 …, temporaries t1, t2 …,
// what the
// runtime offers begins with $, and strings are escaped char by char. An operation that can fail stands on a line of
// its own
// (see sites.ts): `mark` gives the mark that becomes the line's beginning.
import type { Site } from './sites.ts'
import { isOpen } from './syntax.ts'
import type { CallExpression, Expression, FunctionBody, Local } from './syntax.ts'

/** Marks stand between these two chars, which no generated code contains. */
export const markStart = '\u0001'
export const markEnd = '\u0002'

const events: Record<string, string> = {
  '+': '__add', '-': '__sub', '*': '__mul', '/': '__div', '%': '__mod', '^': '__pow',
}
const comparisons: Record<string, string> = { '<': '$less', '<=': '$lessOrEqual', '>': '$less', '>=': '$lessOrEqual' }

/** What the functions of a chunk share while they are generated. */
export interface ChunkWriter {
  readonly sites: Site[]
  readonly yielding: boolean
  /** How many variables hold where a field was found. */
  hints: number
  /** The keys of constructors that have only such keys. */
  readonly records: string[]
}

export abstract class ExpressionWriter {
  protected readonly chunk: ChunkWriter
  protected temps = 0
  protected tempsMax = 0

  constructor(chunk: ChunkWriter) {
    this.chunk = chunk
  }

  protected abstract functionText(body: FunctionBody): string

  protected temp(): string {
    this.tempsMax = Math.max(this.tempsMax, ++this.temps)
    return `t${this.temps}`
  }

  protected mark(site: Site): string {
    this.chunk.sites.push(site)
    return `${markStart}${this.chunk.sites.length - 1}${markEnd}`
  }

  protected operation(line: number, ...operands: (Expression | undefined)[]): string {
    const names = operands.map((e) => (e === undefined ? undefined : describe(e)))
    return this.mark({ line, names, call: false, tail: false })
  }

  /** One value. */
  expression(e: Expression): string {
    switch (e.kind) {
      case 'nil':
        return 'undefined'
      case 'true':
      case 'false':
        return e.kind
      case 'number':
        return numberText(e.value)
      case 'string':
        return quote(e.value)
      case 'vararg':
        return 'va[0]'
      case 'function':
        return this.functionText(e.body)
      case 'local':
        return nameOf(e.local)
      case 'global': {
        const t = this.temp()
        return this.hinted('$G', e.name, t, this.operation(e.line))
      }
      case 'index':
        return this.indexText(e.object, e.key, e.line)
      case 'call':
      case 'method':
        return `$first(${this.call(e)})`
      case 'paren':
        return this.expression(e.inner)
      case 'logic':
        return this.logic(e)
      case 'unary':
        return this.unary(e)
      case 'binary':
        return this.binary(e)
      case 'table':
        return this.table(e)
    }
  }

  private indexText(object: Expression, key: Expression, line: number): string {
    const o = this.expression(object)
    const site = this.operation(line, object)
    if (isConstant(object) && key.kind === 'string') return `${site}$field(${o}, ${quote(key.value)})`
    // The object's text may hold marks of its own: it goes first, so that the operation's mark is the last before it.
    if (isSimple(object)) return this.indexCall(site, o, key)
    const t = this.temp()
    return `(${t} = ${o}, ${this.indexCall(site, t, key)})`
  }

  protected indexCall(site: string, object: string, key: Expression): string {
    if (key.kind === 'string') {
      const t = this.temp()
      return `(${object} instanceof $Table && ${this.hinted(object, key.value, t, site).slice(1)}`
    }
    if (isSimple(key)) return `${site}$index(${object}, ${this.expression(key)})`
    const t = this.temp()
    return `(${t} = ${this.expression(key)}, ${site}$index(${object}, ${t}))`
  }

  /** A field that is looked for where it was last found from this place in the source. */
  private hinted(table: string, name: string, t: string, site: string): string {
    const hint = `h${++this.chunk.hints}`
    const key = quote(name)
    const found = `${table}.keys[${hint}] === ${key} && (${t} = ${table}.values[${hint}]) !== undefined`
    return `(${found} ? ${t} : (${t} = ${site}$field(${table}, ${key}), ${hint} = $slot.at, ${t}))`
  }

  private logic(e: Extract<Expression, { kind: 'logic' }>): string {
    if (isBoolean(e.left)) {
      return `(${this.condition(e.left)} ${e.op === 'and' ? '&&' : '||'} ${this.expression(e.right)})`
    }
    const t = isSimple(e.left) ? this.expression(e.left) : this.temp()
    const value = isSimple(e.left) ? t : `(${t} = ${this.expression(e.left)})`
    const right = this.expression(e.right)
    if (e.op === 'and') return `(${value} === undefined || ${t} === false ? ${t} : ${right})`
    return `(${value} !== undefined && ${t} !== false ? ${t} : ${right})`
  }

  private unary(e: Extract<Expression, { kind: 'unary' }>): string {
    if (e.op === 'not') return `!${this.condition(e.operand)}`
    const operand = this.expression(e.operand)
    const t = isSimple(e.operand) ? operand : this.temp()
    const set = isSimple(e.operand) ? '' : `${t} = ${operand}, `
    const site = this.operation(e.line, e.operand, e.operand)
    if (e.op === '#') return `(${set}${site}$length(${t}))`
    if (isNumber(e.operand)) return `(-${operand})`
    return `(${set}typeof ${t} === 'number' ? -${t} : ${site}$arithmetic('__unm', ${t}, ${t}))`
  }

  private binary(e: Extract<Expression, { kind: 'binary' }>): string {
    const equality = e.op === '==' || e.op === '~='
    if (equality) return this.equality(e)
    const [a, b, set] = this.operands(e.left, e.right)
    if (e.op === '..') return `(${set}${this.operation(e.line, e.left, e.right)}$concat(${a}, ${b}))`
    const unsure = [isNumber(e.left) ? '' : a, isNumber(e.right) ? '' : b].filter((operand) => operand !== '')
    const test = unsure.map((operand) => `typeof ${operand} === 'number'`).join(' && ')
    const compare = comparisons[e.op]
    const quick = compare === undefined ? arithmeticText(e.op, a, b) : `${a} ${e.op} ${b}`
    if (test === '') return `(${set}${quick})`
    const site = this.operation(e.line, e.left, e.right)
    let slow = `$arithmetic('${events[e.op]}', ${a}, ${b})`
    if (compare !== undefined) slow = e.op.startsWith('>') ? `${compare}(${b}, ${a})` : `${compare}(${a}, ${b})`
    return `(${set}${test} ? ${quick} : ${site}${slow})`
  }

  private equality(e: Extract<Expression, { kind: 'binary' }>): string {
    const not = e.op === '~='
    if (isConstant(e.left) || isConstant(e.right)) {
      return `(${this.expression(e.left)} ${not ? '!==' : '==='} ${this.expression(e.right)})`
    }
    const [a, b, set] = this.operands(e.left, e.right)
    const site = this.operation(e.line)
    return `(${set}${not ? '!' : ''}(${a} === ${b} || ${site}$equal(${a}, ${b})))`
  }

  /** Two operands, and what must be evaluated before the operation to have them. */
  private operands(left: Expression, right: Expression): [string, string, string] {
    let set = ''
    const parts = [left, right].map((e) => {
      const text = this.expression(e)
      if (isSimple(e) && (e !== left || !isUpvalue(e) || isSimple(right))) return text
      const t = this.temp()
      set += `${t} = ${text}, `
      return t
    })
    return [parts[0]!, parts[1]!, set]
  }

  /** A JavaScript boolean that tells whether a value counts as true. */
  condition(e: Expression): string {
    switch (e.kind) {
      case 'nil':
      case 'false':
        return 'false'
      case 'true':
      case 'number':
      case 'string':
        return 'true'
      case 'paren':
        if (!isOpen(e.inner)) return this.condition(e.inner)
        break
      case 'logic':
        return `(${this.condition(e.left)} ${e.op === 'and' ? '&&' : '||'} ${this.condition(e.right)})`
      case 'unary':
        if (e.op === 'not') return `!${this.condition(e.operand)}`
        break
    }
    const text = this.expression(e)
    if (isBoolean(e)) return text
    if (isSimple(e)) return `(${text} !== undefined && ${text} !== false)`
    const t = this.temp()
    return `((${t} = ${text}) !== undefined && ${t} !== false)`
  }

  /** A call's result as the calling convention has it. */
  call(e: CallExpression): string {
    let set = ''
    let callee: string
    const args: string[] = []
    if (e.kind === 'method') {
      const object = this.temp()
      callee = this.temp()
      const text = this.expression(e.object)
      const method = this.indexCall(this.operation(e.line, e.object), object, { kind: 'string', value: e.name })
      set = `${object} = ${text}, ${callee} = ${method}, `
      args.push(object)
    } else {
      callee = this.expression(e.callee)
      if (!isSimple(e.callee)) {
        const t = this.temp()
        set = `${t} = ${callee}, `
        callee = t
      }
    }
    args.push(this.list(e.args))
    const site: Site = { line: e.line, names: [describeCallee(e)], call: true, tail: false }
    const text = `${this.mark(site)}${calleeText(callee)}(${args.filter((a) => a !== '').join(', ')})`
    if (!this.chunk.yielding) return set === '' ? text : `(${set}${text})`
    const t = this.temp()
    return `(${set}${t} = ${text}, ${this.mark(site)}$unfinished(${t}) ? yield* $finish(${t}) : ${t})`
  }

  /** The values of a list, the last of which may give several, as arguments or as items of an array. */
  list(list: readonly Expression[]): string {
    const last = list.length - 1
    return list.map((e, i) => (i === last && isOpen(e) ? `...${this.open(e)}` : this.expression(e))).join(', ')
  }

  /** All values of an expression that can give several, as an array. */
  open(e: Expression): string {
    return e.kind === 'vararg' ? 'va' : `$all(${this.call(e as CallExpression)})`
  }

  private table(e: Extract<Expression, { kind: 'table' }>): string {
    const list = e.items.filter((item) => item.key === undefined)
    const records = e.items.length - list.length
    const closed = list.length - (isOpen(e.items.at(-1)?.value) && e.items.at(-1)!.key === undefined ? 1 : 0)
    if (e.items.length === 0) return 'new $Table(0, 0)'
    const names = e.items.map((item) => (item.key?.kind === 'string' ? item.key.value : undefined))
    if (names.every((name) => name !== undefined) && new Set(names).size === names.length && names.length <= 8) {
      const record = this.chunk.records.push(`[${names.map((name) => quote(name!)).join(', ')}]`)
      const values = e.items.map((item) => this.expression(item.value)).join(', ')
      return `$record(k${record}, [${values}], ${roundedSize(records)})`
    }
    if (records === 0) return `$list([${this.list(list.map((item) => item.value))}], ${closed})`

    const t = this.temp()
    const array = list.length === 0 ? '' : this.temp()
    const steps = [`${t} = new $Table(${roundedSize(closed)}, ${roundedSize(records)})`]
    if (array !== '') steps.push(`${array} = []`)
    e.items.forEach((item, i) => {
      const last = i === e.items.length - 1
      if (item.key === undefined) {
        const open = last && isOpen(item.value)
        steps.push(`${array}.push(${open ? `...${this.open(item.value)}` : this.expression(item.value)})`)
      } else if (item.key.kind === 'string') {
        steps.push(`${t}.setString(${quote(item.key.value)}, ${this.expression(item.value)})`)
      } else {
        const key = this.temp()
        const value = this.temp()
        steps.push(`${key} = ${this.expression(item.key)}, ${value} = ${this.expression(item.value)}`)
        steps.push(`${this.operation(item.line)}$setChecked(${t}, ${key}, ${value})`)
      }
    })
    if (array !== '') steps.push(`$fill(${t}, ${array})`)
    return `(${steps.join(', ')}, ${t})`
  }
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
  return e.kind === 'local' || isConstant(e)
}

function isConstant(e: Expression): boolean {
  if (e.kind === 'paren') return isConstant(e.inner)
  return e.kind === 'nil' || e.kind === 'true' || e.kind === 'false' || e.kind === 'number' || e.kind === 'string'
}

function isTrue(e: Expression): boolean {
  return e.kind !== 'nil' && e.kind !== 'false'
}

function isUpvalue(e: Expression): boolean {
  return e.kind === 'local' && e.upvalue && e.local.assigned
}

/** Whether a value is a number whatever happens. */
function isNumber(e: Expression): boolean {
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
function isBoolean(e: Expression): boolean {
  if (e.kind === 'binary') return e.op === '==' || e.op === '~=' || comparisons[e.op] !== undefined
  if (e.kind === 'unary') return e.op === 'not'
  return e.kind === 'true' || e.kind === 'false' || (e.kind === 'paren' && isBoolean(e.inner))
}

function arithmeticText(op: string, a: string, b: string): string {
  if (op === '%') return `${a} - Math.floor(${a} / ${b}) * ${b}`
  if (op === '^') return `$power(${a}, ${b})`
  return `${a} ${op} ${b}`
}

/** A value's name in error texts. */
function describe(e: Expression): string | undefined {
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

function cText(s: string): string {
  const end = s.indexOf('\0')
  return end < 0 ? s : s.slice(0, end)
}

function numberText(n: number): string {
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
