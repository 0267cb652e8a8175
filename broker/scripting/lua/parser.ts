// Lua 5.1's grammar by recursive descent: statements here, expressions in expression-parser.ts. Limits and error
// texts are Lua's.
import { ExpressionParser } from './expression-parser.ts'
import type { Block, Expression, FunctionBody, Local, Statement } from './syntax.ts'

/** Parses a chunk; throws a LuaError with Lua's text. */
export function parse(source: string, chunk: string): FunctionBody {
  return new Parser(source, chunk).chunkBody()
}

const loopState = 3

const blockEnds = new Set(['else', 'elseif', 'end', 'eof', 'until'])

class Parser extends ExpressionParser {
  chunkBody(): FunctionBody {
    const scope = this.openFunction(0)
    scope.vararg = true
    this.lexer.next()
    const block = this.block()
    this.check('eof')
    this.closeFunction()
    return { scope, parameters: [], block, line: 0 }
  }

  /** A block with a scope of its own for its locals. */
  private scopedBlock(locals: readonly Local[] = []): Block {
    const before = this.scope.actives.length
    for (const local of locals) this.activate(local)
    const block = this.block()
    this.scope.actives.length = before
    return block
  }

  protected block(): Block {
    const statements: Statement[] = []
    this.enter()
    for (;;) {
      if (blockEnds.has(this.lexer.type)) break
      const type = this.lexer.type
      const statement = this.statement()
      statements.push(statement)
      this.accept(';')
      if (type === 'return' || type === 'break') break
    }
    this.leave()
    return statements
  }

  private statement(): Statement {
    const { lexer } = this
    const { line } = lexer
    switch (lexer.type) {
      case 'if':
        return this.ifStatement(line)
      case 'while': {
        lexer.next()
        const condition = this.expression()
        this.expect('do')
        const block = this.loopBlock()
        this.close('end', 'while', line)
        return { kind: 'while', condition, block }
      }
      case 'do': {
        lexer.next()
        const block = this.scopedBlock()
        this.close('end', 'do', line)
        return { kind: 'do', block }
      }
      case 'for':
        return this.forStatement(line)
      case 'repeat':
        return this.repeatStatement(line)
      case 'function':
        return this.functionStatement(line)
      case 'local':
        lexer.next()
        return this.accept('function') ? this.localFunction(line) : this.localStatement()
      case 'return':
        return this.returnStatement()
      case 'break':
        lexer.next()
        if (this.loops.at(-1) === 0) throw lexer.errorNear('no loop to break')
        return { kind: 'break' }
      default:
        return this.expressionStatement()
    }
  }

  private loopBlock(locals: readonly Local[] = []): Block {
    this.loops.push(this.loops.pop()! + 1)
    const block = this.scopedBlock(locals)
    this.loops.push(this.loops.pop()! - 1)
    return block
  }

  private ifStatement(line: number): Statement {
    const arms: { condition: Expression; block: Block }[] = []
    do {
      this.lexer.next()
      const condition = this.expression()
      this.expect('then')
      arms.push({ condition, block: this.scopedBlock() })
    } while (this.lexer.type === 'elseif')
    const otherwise = this.accept('else') ? this.scopedBlock() : undefined
    this.close('end', 'if', line)
    return { kind: 'if', arms, otherwise }
  }

  private repeatStatement(line: number): Statement {
    this.lexer.next()
    const before = this.scope.actives.length
    this.loops.push(this.loops.pop()! + 1)
    const block = this.block()
    this.loops.push(this.loops.pop()! - 1)
    this.close('until', 'repeat', line)
    const condition = this.expression()
    this.scope.actives.length = before
    return { kind: 'repeat', block, condition }
  }

  private forStatement(line: number): Statement {
    const { lexer } = this
    lexer.next()
    // Three locals of its own come before a loop's variables.
    const local = this.bind(this.name(), loopState)
    if (lexer.type === '=') {
      lexer.next()
      const start = this.expression()
      this.expect(',')
      const limit = this.expression()
      const step = this.accept(',') ? this.expression() : undefined
      this.hide(loopState)
      const doLine = lexer.line
      this.expect('do')
      const block = this.loopBlock([local])
      this.unhide(loopState)
      this.close('end', 'for', line)
      local.number = !local.assigned
      return { kind: 'count', local, start, limit, step, block, line: doLine }
    }
    if (lexer.type !== ',' && lexer.type !== 'in') throw lexer.errorNear("'=' or 'in' expected")
    const locals = [local]
    while (this.accept(',')) locals.push(this.bind(this.name(), loopState + locals.length))
    this.expect('in')
    const values = this.expressionList()
    this.expect('do')
    this.hide(loopState)
    const block = this.loopBlock(locals)
    this.unhide(loopState)
    this.close('end', 'for', line)
    return { kind: 'each', locals, values, block, line }
  }

  private functionStatement(line: number): Statement {
    const { lexer } = this
    lexer.next()
    let target = this.variable(this.name())
    let method = false
    while (lexer.type === '.' || lexer.type === ':') {
      method = lexer.type === ':'
      lexer.next()
      const key: Expression = { kind: 'string', value: this.name() }
      target = { kind: 'index', object: target, key, line: lexer.lastLine }
      if (method) break
    }
    const body = this.functionBody(method, line)
    this.markAssigned(target)
    return { kind: 'assign', targets: [target], values: [{ kind: 'function', body }], line }
  }

  private localFunction(line: number): Statement {
    const local = this.bind(this.name())
    this.activate(local)
    return { kind: 'localFunction', local, body: this.functionBody(false, line) }
  }

  private localStatement(): Statement {
    const locals = [this.bind(this.name())]
    while (this.accept(',')) locals.push(this.bind(this.name(), locals.length))
    const values = this.accept('=') ? this.expressionList() : []
    for (const local of locals) this.activate(local)
    return { kind: 'local', locals, values }
  }

  private returnStatement(): Statement {
    const { lexer } = this
    lexer.next()
    const values = blockEnds.has(lexer.type) || lexer.type === ';' ? [] : this.expressionList()
    return { kind: 'return', values, line: lexer.lastLine }
  }

  private expressionStatement(): Statement {
    const { lexer } = this
    const first = this.primary()
    if (first.kind === 'call' || first.kind === 'method') return { kind: 'call', call: first }
    const targets: Expression[] = [first]
    for (;;) {
      const target = targets.at(-1)!
      if (target.kind !== 'local' && target.kind !== 'global' && target.kind !== 'index') {
        throw lexer.errorNear('syntax error')
      }
      if (!this.accept(',')) break
      targets.push(this.primary())
      if (targets.length > 200 - this.depth) throw lexer.error('variables in assignment limit exceeded')
    }
    this.expect('=')
    const values = this.expressionList()
    for (const target of targets) this.markAssigned(target)
    return { kind: 'assign', targets, values, line: lexer.lastLine }
  }
}
