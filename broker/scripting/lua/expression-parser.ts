// The half of the parser that reads expressions and keeps the scopes of names.
import { Lexer } from './lexer.ts'
import type { BinaryOperator, Block, Expression, FunctionBody, FunctionScope, Local, TableItem } from './syntax.ts'

const localsMax = 200
const upvaluesMax = 60
/** How deep syntax may nest. */
const depthMax = 200

/** Left and right priority of the operators; '..' and '^' bind to the right. */
const priorities: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['+', [6, 6]], ['-', [6, 6]], ['*', [7, 7]], ['/', [7, 7]], ['%', [7, 7]], ['^', [10, 9]], ['..', [5, 4]],
  ['~=', [3, 3]], ['==', [3, 3]], ['<', [3, 3]], ['<=', [3, 3]], ['>', [3, 3]], ['>=', [3, 3]],
  ['and', [2, 2]], ['or', [1, 1]],
] as [string, [number, number]][])
const unaryPriority = 8

export abstract class ExpressionParser {
  protected readonly lexer: Lexer
  protected scope!: FunctionScope
  /** How many loops surround the current place, by function. */
  protected loops: number[] = []
  protected depth = 0
  /** Places that loops take for their own state among a function's locals. */
  private hidden: number[] = []
  private locals = 0

  constructor(source: string, chunk: string) {
    this.lexer = new Lexer(source, chunk)
  }

  protected abstract block(): Block

  protected accept(type: string): boolean {
    if (this.lexer.type !== type) return false
    this.lexer.next()
    return true
  }

  protected check(type: string): void {
    if (this.lexer.type !== type) throw this.lexer.errorNear(`'${type === 'eof' ? '<eof>' : type}' expected`)
  }

  protected expect(type: string): void {
    this.check(type)
    this.lexer.next()
  }

  /** Expects what closes something that was opened on another line, perhaps. */
  protected close(type: string, open: string, line: number): void {
    if (this.accept(type)) return
    if (line === this.lexer.line) this.check(type)
    throw this.lexer.errorNear(`'${type}' expected (to close '${open}' at line ${line})`)
  }

  protected enter(): void {
    if (++this.depth > depthMax) throw this.lexer.error('chunk has too many syntax levels')
  }

  protected leave(): void {
    this.depth--
  }

  protected name(): string {
    if (this.lexer.type !== 'name') throw this.lexer.errorNear("'<name>' expected")
    const { text } = this.lexer
    this.lexer.next()
    return text
  }

  /** A new local variable; `pending` others were named before it that are not active yet. */
  protected bind(name: string, pending = 0): Local {
    const { length } = this.scope.actives
    if (length + this.hidden.at(-1)! + pending >= localsMax) throw this.limit(localsMax, 'local variables')
    return { name, id: ++this.locals, owner: this.scope, captured: false, assigned: false, number: false }
  }

  protected activate(local: Local): void {
    this.scope.actives.push(local)
  }

  protected hide(count: number): void {
    this.hidden.push(this.hidden.pop()! + count)
  }

  protected unhide(count: number): void {
    this.hide(-count)
  }

  protected markAssigned(target: Expression): void {
    if (target.kind === 'local') target.local.assigned = true
  }

  private limit(max: number, what: string): Error | ReturnType<Lexer['error']> {
    const { line } = this.scope
    const where = line === 0 ? 'main function' : `function at line ${line}`
    return this.lexer.error(`${where} has more than ${max} ${what}`)
  }

  protected openFunction(line: number): FunctionScope {
    const parent = this.scope as FunctionScope | undefined
    const rest = { vararg: false, usesVararg: false, arg: undefined, usesArg: false }
    this.scope = { parent, line, upvalues: new Set(), ...rest, actives: [] }
    this.loops.push(0)
    this.hidden.push(0)
    return this.scope
  }

  protected closeFunction(): void {
    if (this.scope.parent !== undefined) this.scope = this.scope.parent
    this.loops.pop()
    this.hidden.pop()
  }

  protected variable(name: string): Expression {
    const line = this.lexer.lastLine
    for (let scope: FunctionScope | undefined = this.scope; scope !== undefined; scope = scope.parent) {
      const local = scope.actives.findLast((l) => l.name === name)
      if (local === undefined) continue
      if (local === scope.arg) scope.usesArg = true
      if (scope !== this.scope) this.capture(local)
      return { kind: 'local', local, upvalue: scope !== this.scope }
    }
    return { kind: 'global', name, line }
  }

  private capture(local: Local): void {
    local.captured = true
    for (let scope = this.scope; scope !== local.owner; scope = scope.parent!) {
      scope.upvalues.add(local)
      if (scope.upvalues.size > upvaluesMax) throw this.limit(upvaluesMax, 'upvalues')
    }
  }

  protected expressionList(): Expression[] {
    const list = [this.expression()]
    while (this.accept(',')) list.push(this.expression())
    return list
  }

  protected expression(limit = 0): Expression {
    const { lexer } = this
    this.enter()
    let left: Expression
    if (lexer.type === 'not' || lexer.type === '-' || lexer.type === '#') {
      const op = lexer.type as 'not' | '-' | '#'
      lexer.next()
      const operand = this.expression(unaryPriority)
      left = negated(op, operand) ?? { kind: 'unary', op, operand, line: lexer.lastLine }
    } else {
      left = this.simple()
    }
    for (;;) {
      const op = lexer.type
      const priority = priorities.get(op)
      if (priority === undefined || priority[0] <= limit) break
      lexer.next()
      const right = this.expression(priority[1])
      if (op === 'and' || op === 'or') left = { kind: 'logic', op: op as 'and' | 'or', left, right }
      else left = { kind: 'binary', op: op as BinaryOperator, left, right, line: lexer.lastLine }
    }
    this.leave()
    return left
  }

  private simple(): Expression {
    const { lexer } = this
    switch (lexer.type) {
      case 'number': {
        const value = lexer.number
        lexer.next()
        return { kind: 'number', value }
      }
      case 'string': {
        const value = lexer.text
        lexer.next()
        return { kind: 'string', value }
      }
      case 'nil':
      case 'true':
      case 'false': {
        const kind = lexer.type as 'nil' | 'true' | 'false'
        lexer.next()
        return { kind }
      }
      case '...':
        if (!this.scope.vararg) throw lexer.errorNear("cannot use '...' outside a vararg function")
        this.scope.usesVararg = true
        lexer.next()
        return { kind: 'vararg' }
      case '{':
        return this.table()
      case 'function': {
        const { line } = lexer
        lexer.next()
        return { kind: 'function', body: this.functionBody(false, line) }
      }
      default:
        return this.primary()
    }
  }

  /** A name or a parenthesis, and what follows: fields, calls, methods. */
  protected primary(): Expression {
    const { lexer } = this
    let e: Expression
    if (lexer.type === '(') {
      const { line } = lexer
      lexer.next()
      e = { kind: 'paren', inner: this.expression() }
      this.close(')', '(', line)
    } else if (lexer.type === 'name') {
      e = this.variable(this.name())
    } else {
      throw lexer.errorNear('unexpected symbol')
    }
    for (;;) {
      switch (lexer.type) {
        case '.': {
          lexer.next()
          const key: Expression = { kind: 'string', value: this.name() }
          e = { kind: 'index', object: e, key, line: lexer.lastLine }
          break
        }
        case '[': {
          lexer.next()
          const key = this.expression()
          this.expect(']')
          e = { kind: 'index', object: e, key, line: lexer.lastLine }
          break
        }
        case ':': {
          lexer.next()
          const name = this.name()
          const { line } = lexer
          e = { kind: 'method', object: e, name, args: this.callArguments(), line }
          break
        }
        case '(':
        case 'string':
        case '{': {
          const { line } = lexer
          e = { kind: 'call', callee: e, args: this.callArguments(), line }
          break
        }
        default:
          return e
      }
    }
  }

  private callArguments(): Expression[] {
    const { lexer } = this
    const { line } = lexer
    if (lexer.type === 'string') {
      const value = lexer.text
      lexer.next()
      return [{ kind: 'string', value }]
    }
    if (lexer.type === '{') return [this.table()]
    if (lexer.type !== '(') throw lexer.errorNear('function arguments expected')
    if (line !== lexer.lastLine) throw lexer.errorNear('ambiguous syntax (function call x new statement)')
    lexer.next()
    if (this.accept(')')) return []
    const args = this.expressionList()
    this.close(')', '(', line)
    return args
  }

  private table(): Expression {
    const { lexer } = this
    const { line } = lexer
    this.expect('{')
    const items: TableItem[] = []
    while (lexer.type !== '}') {
      items.push(this.tableItem())
      if (!this.accept(',') && !this.accept(';')) break
    }
    this.close('}', '{', line)
    return { kind: 'table', items, line }
  }

  private tableItem(): TableItem {
    const { lexer } = this
    let key: Expression | undefined
    if (lexer.type === '[') {
      lexer.next()
      key = this.expression()
      this.expect(']')
      this.expect('=')
    } else if (lexer.type === 'name' && lexer.peek() === '=') {
      key = { kind: 'string', value: this.name() }
      this.expect('=')
    }
    const value = this.expression()
    return { key, value, line: lexer.lastLine }
  }

  protected functionBody(method: boolean, line: number): FunctionBody {
    const { lexer } = this
    const scope = this.openFunction(line)
    const parameters: Local[] = []
    if (method) parameters.push(this.bind('self'))
    this.expect('(')
    if (lexer.type !== ')') {
      do {
        if (lexer.type === '...') {
          lexer.next()
          scope.vararg = true
          scope.arg = this.bind('arg', parameters.length)
          break
        }
        if (lexer.type !== 'name') throw lexer.errorNear("<name> or '...' expected")
        parameters.push(this.bind(this.name(), parameters.length))
      } while (this.accept(','))
    }
    for (const parameter of parameters) this.activate(parameter)
    if (scope.arg !== undefined) this.activate(scope.arg)
    this.expect(')')
    const block = this.block()
    this.close('end', 'function', line)
    this.closeFunction()
    return { scope, parameters, block, line }
  }
}

/** A number's negation is a number already for Lua's compiler. */
function negated(op: string, operand: Expression): Expression | undefined {
  if (op !== '-' || operand.kind !== 'number' || operand.value === 0) return undefined
  return { kind: 'number', value: -operand.value }
}
