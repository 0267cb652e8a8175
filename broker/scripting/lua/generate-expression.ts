// Expressions to JavaScript. What a script names is gone here: locals are v1, v2 …, temporaries t1, t2 …, what the
// runtime offers begins with $, and strings are escaped char by char. An operation that can fail stands on a line of
// its own (see sites.ts): `mark` gives the mark that becomes the line's beginning.
import {
  arithmeticText, calleeText, chainLength, comparisons, describe, describeCallee, events, isBoolean, isConstant,
  isNumber, isSimple, isUpvalue, logicLength, nameOf, numberText, quote, roundedSize,
} from './expression-text.ts'
import type { Site } from './sites.ts'
import { isOpen } from './syntax.ts'
import type { CallExpression, Expression, FunctionBody } from './syntax.ts'

/** Marks stand between these two chars, which no generated code contains. */
export const markStart = '\u0001'
export const markEnd = '\u0002'

/** From how many operators on a chain of them is written step by step. */
const chainMax = 20

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
      case 'temporary':
        return e.name
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
    if (logicLength(e) > chainMax) return this.logicChain(e)
    if (isBoolean(e.left)) {
      return `(${this.condition(e.left)} ${e.op === 'and' ? '&&' : '||'} ${this.expression(e.right)})`
    }
    const t = isSimple(e.left) ? this.expression(e.left) : this.temp()
    const value = isSimple(e.left) ? t : `(${t} = ${this.expression(e.left)})`
    const right = this.expression(e.right)
    if (e.op === 'and') return `(${value} === undefined || ${t} === false ? ${t} : ${right})`
    return `(${value} !== undefined && ${t} !== false ? ${t} : ${right})`
  }

  /** a or b and c …, too long for nested parentheses. */
  private logicChain(e: Extract<Expression, { kind: 'logic' }>): string {
    const links: Extract<Expression, { kind: 'logic' }>[] = []
    let start: Expression = e
    for (; start.kind === 'logic'; start = start.left) links.push(start)
    const t = this.temp()
    const begin = this.expression(start)
    const steps = links.toReversed().map((link) => {
      const right = this.expression(link.right)
      const [ifFalse, ifTrue] = link.op === 'and' ? [t, right] : [right, t]
      return `${t} = ${t} === undefined || ${t} === false ? ${ifFalse} : ${ifTrue}`
    })
    return `(${t} = ${begin}, ${steps.join(', ')}, ${t})`
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
    if (e.op === '==' || e.op === '~=') return this.equality(e)
    if (chainLength(e) > chainMax) return this.chain(e)
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

  /** a + b + c …, too long for nested parentheses: one step after the other. */
  private chain(e: Extract<Expression, { kind: 'binary' }>): string {
    const links: Extract<Expression, { kind: 'binary' }>[] = []
    let start: Expression = e
    for (; start.kind === 'binary' && events[start.op] !== undefined; start = start.left) links.push(start)
    const t = this.temp()
    const left: Expression = { kind: 'temporary', name: t }
    const begin = this.expression(start)
    const steps = links.toReversed().map((link) => `${t} = ${this.binary({ ...link, left })}`)
    return `(${t} = ${begin}, ${steps.join(', ')}, ${t})`
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
        if (logicLength(e) > chainMax) break
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
