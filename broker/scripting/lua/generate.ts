// Functions and statements to JavaScript, in two forms. The plain form is what V8 runs quickly. In the yielding form
// every function is a generator that passes on what the functions it calls yield: coroutines need it, and scripts
// that ran so long that others must get their turn.
import { calleeText, describeCallee, isSimple, nameOf, quote } from './expression-text.ts'
import { ExpressionWriter, markEnd, markStart } from './generate-expression.ts'
import type { ChunkWriter } from './generate-expression.ts'
import type { Site, SiteTable } from './sites.ts'
import { isOpen } from './syntax.ts'
import type { Block, CallExpression, CountLoop, Expression, FunctionBody, Local, Statement } from './syntax.ts'

/** The names of what generated code uses, as parameters of the function that makes a chunk; $G are the globals. */
export const runtimeNames = [
  '$G', '$M', '$Table', '$tick', '$index', '$field', '$setIndex', '$setChecked', '$arithmetic', '$power', '$equal',
  '$less', '$lessOrEqual', '$concat', '$length', '$first', '$all', '$drop', '$callable', '$tailCall', '$unfinished',
  '$finish', '$none', '$list', '$arg', '$fill', '$record', '$setField', '$slot', '$steps', '$loopNumber',
  '$loopMode', '$end', '$sites',
] as const

/**
 * The source of a chunk: a function body that returns the chunk's main function; its sites are added to `sites` by
 * line.
 */
export function generate(main: FunctionBody, yielding: boolean, chunk: string): { source: string; table: SiteTable } {
  const writer: ChunkWriter = { sites: [], yielding, hints: 0, records: [] }
  const text = new FunctionWriter(writer).write(main)
  // $sites is used by a function, so that whatever keeps a function of the chunk alive keeps the sites alive.
    const hints = Array.from({ length: writer.hints }, (_, i) => `h${i + 1} = 0`)
  const records = writer.records.map((keys, i) => `k${i + 1} = ${keys}`)
  const declared = [...hints, ...records].map((text) => `let ${text}; `).join('')
  return layOut(`'use strict'; const keep = () => $sites; ${declared}return ${text}`, writer.sites, chunk)
}

/** Begins a new line at each mark and notes which site stands there. V8 counts two lines before a function's body. */
function layOut(text: string, sites: readonly Site[], chunk: string): { source: string; table: SiteTable } {
  const parts = text.split(markStart)
  const byLine: (Site | undefined)[] = [undefined, undefined, undefined, undefined]
  let source = parts[0]!
  for (const part of parts.slice(1)) {
    const end = part.indexOf(markEnd)
    byLine.push(sites[Number(part.slice(0, end))])
    source += `\n${part.slice(end + 1)}`
  }
  return { source, table: { chunk, sites: byLine } }
}

class FunctionWriter extends ExpressionWriter {
  write(body: FunctionBody): string {
    const parameters = body.parameters.map(nameOf)
    if (body.scope.vararg) parameters.push('...va')
    const entry = this.mark({ line: body.line, names: [], call: false, tail: false, entry: true })
    const block = this.block(body.block)
    const temps = Array.from({ length: this.tempsMax }, (_, i) => `t${i + 1}`)
    const declared = temps.length === 0 ? '' : `let ${temps.join(', ')}; `
    const last = body.block.at(-1)?.kind === 'return' ? '' : 'return $none'
    const { arg, usesArg, usesVararg } = body.scope
    const rest = usesArg ? `let ${nameOf(arg!)}${usesVararg ? '' : ' = $arg(va)'}; ` : ''
    const head = `function${this.chunk.yielding ? '*' : ''} (${parameters.join(', ')})`
    return `${head} { ${entry}${declared}${rest}${this.tick()}${block}${last} }`
  }

  protected functionText(body: FunctionBody): string {
    return `(${new FunctionWriter(this.chunk).write(body)})`
  }

  private tick(): string {
    return this.chunk.yielding ? 'if (--$M.fuel < 0) yield* $tick(); ' : 'if (--$M.fuel < 0) $tick(); '
  }

  private block(block: Block): string {
    return block.map((s) => this.statement(s)).join('')
  }

  private statement(s: Statement): string {
    const before = this.temps
    const text = this.statementText(s)
    this.temps = before
    return text
  }

  private statementText(s: Statement): string {
    switch (s.kind) {
      case 'local':
        return this.local(s.locals, s.values)
      case 'assign':
        return s.targets.length === 1 && s.values.length === 1 ? this.assign(s) : this.assignAll(s)
      case 'call':
        return `$drop(${this.call(s.call)}); `
      case 'do':
        return `{ ${this.block(s.block)}} `
      case 'while':
        return `while (${this.condition(s.condition)}) { ${this.tick()}${this.block(s.block)}} `
      case 'repeat': {
        const block = this.block(s.block)
        return `for (;;) { ${this.tick()}${block}if (${this.condition(s.condition)}) break; } `
      }
      case 'if': {
        const arms = s.arms.map((arm) => `if (${this.condition(arm.condition)}) { ${this.block(arm.block)}} `)
        return arms.join('else ') + (s.otherwise === undefined ? '' : `else { ${this.block(s.otherwise)}} `)
      }
      case 'count':
        return this.count(s)
      case 'each':
        return this.each(s)
      case 'localFunction': {
        const name = nameOf(s.local)
        return `${s.local.assigned ? 'let' : 'const'} ${name} = ${this.functionText(s.body)}; `
      }
      case 'return':
        return this.returnText(s)
      case 'break':
        return 'break; '
    }
  }

  private bind(local: Local, value: string): string {
    return `${local.assigned ? 'let' : 'const'} ${nameOf(local)} = ${value}; `
  }

  private local(locals: readonly Local[], values: readonly Expression[]): string {
    let text = ''
    const last = values.at(-1)
    const open = last !== undefined && isOpen(last) && locals.length > values.length
    values.forEach((e, i) => {
      const local = locals[i]
      if (open && e === last) {
        const t = this.temp()
        text += `${t} = ${this.open(e)}; `
        locals.slice(i).forEach((l, n) => (text += this.bind(l, `${t}[${n}]`)))
      } else if (local !== undefined) text += this.bind(local, this.expression(e))
      else text += `${this.expression(e)}; `
    })
    if (!open) for (const local of locals.slice(values.length)) text += this.bind(local, 'undefined')
    return text
  }

  private assign(s: Extract<Statement, { kind: 'assign' }>): string {
    const target = s.targets[0]!
    const value = s.values[0]!
    if (target.kind === 'local') return `${nameOf(target.local)} = ${this.expression(value)}; `
    if (target.kind !== 'index') {
      const text = this.expression(value)
      const name = target.kind === 'global' ? target.name : ''
      const t = isSimple(value) ? text : this.temp()
      const set = isSimple(value) ? '' : `${t} = ${text}; `
      return `${set}${this.operation(s.line)}$setIndex($G, ${quote(name)}, ${t}); `
    }
    const [object, key, set] = this.place(target)
    const text = this.expression(value)
    const t = isSimple(value) ? text : this.temp()
    const evaluate = isSimple(value) ? '' : `${t} = ${text}; `
    const setter = target.key.kind === 'string' ? '$setField' : '$setIndex'
    return `${set}${evaluate}${this.operation(s.line, target.object)}${setter}(${object}, ${key}, ${t}); `
  }

  /** The object and the key of an assignment's target, and what must be evaluated before to have them. */
  private place(target: Extract<Expression, { kind: 'index' }>): [string, string, string] {
    let set = ''
    const parts = [target.object, target.key].map((e) => {
      const text = this.expression(e)
      if (isSimple(e)) return text
      const t = this.temp()
      set += `${t} = ${text}; `
      return t
    })
    return [parts[0]!, parts[1]!, set]
  }

  private assignAll(s: Extract<Statement, { kind: 'assign' }>): string {
    let text = ''
    const places = s.targets.map((target) => {
      if (target.kind !== 'index') return undefined
      const [object, key, set] = this.place(target)
      text += set
      const put = (t: string) => (text += t)
      return { object: this.kept(target.object, object, put), key: this.kept(target.key, key, put) }
    })
    const values = this.adjusted(s.values, s.targets.length, (t) => (text += t))
    for (let i = s.targets.length - 1; i >= 0; i--) {
      const target = s.targets[i]!
      const place = places[i]
      if (target.kind === 'local') text += `${nameOf(target.local)} = ${values[i]!}; `
      if (target.kind === 'global') {
        text += `${this.operation(s.line)}$setIndex($G, ${quote(target.name)}, ${values[i]!}); `
      }
      if (target.kind === 'index' && place !== undefined) {
        text += `${this.operation(s.line, target.object)}$setIndex(${place.object}, ${place.key}, ${values[i]!}); `
      }
    }
    return text
  }

  /** A local that the same statement may assign to is copied. */
  private kept(e: Expression, text: string, put: (text: string) => void): string {
    if (e.kind !== 'local') return text
    const t = this.temp()
    put(`${t} = ${text}; `)
    return t
  }

  /** As many values as there are targets, in temporaries. */
  private adjusted(values: readonly Expression[], count: number, put: (text: string) => void): string[] {
    const result: string[] = []
    values.forEach((e, i) => {
      if (i === values.length - 1 && isOpen(e) && count > values.length) {
        const t = this.temp()
        put(`${t} = ${this.open(e)}; `)
        while (result.length < count) result.push(`${t}[${result.length - i}]`)
        return
      }
      const t = this.temp()
      put(`${t} = ${this.expression(e)}; `)
      if (i < count) result.push(t)
    })
    while (result.length < count) result.push('undefined')
    return result
  }

  private count(s: CountLoop): string {
    const variable = nameOf(s.local)
    const own = s.local.captured || s.local.assigned
    const i = own ? `i${s.local.id}` : variable
    const [limit, step] = [`l${s.local.id}`, `s${s.local.id}`]
    const by = s.step === undefined ? { kind: 'number' as const, value: 1 } : s.step
    const values = [this.expression(s.start), this.expression(s.limit), this.expression(by)]
    let text = `{ let ${i} = ${values[0]!}, ${limit} = ${values[1]!}, ${step} = ${values[2]!}; `
    const bounds = [[i, s.start, 'initial value'], [limit, s.limit, 'limit'], [step, by, 'step']] as const
    for (const [name, e, what] of bounds) {
      if (e.kind !== 'number') {
        const number = `${name} = $loopNumber(${name}, '${what}')`
        text += `${this.operation(s.line)}if (typeof ${name} !== 'number') ${number}; `
      }
    }
    if (![s.start, by].every((e) => e.kind === 'number' && Number.isInteger(e.value))) {
      text += `${i} = (${i} - ${step}) + ${step}; `
    }
    let test = `${step} > 0 ? ${i} <= ${limit} : ${limit} <= ${i}`
    if (by.kind === 'number') test = by.value > 0 ? `${i} <= ${limit}` : `${limit} <= ${i}`
    const bind = own ? `let ${variable} = ${i}; ` : ''
    text += `for (; ${test}; ${i} += ${step}) { ${this.tick()}${bind}${this.block(s.block)}} } `
    return text
  }

  private each(s: Extract<Statement, { kind: 'each' }>): string {
    let text = '{ '
    const id = s.locals[0]!.id
    const [f, state, control, mode, cursor] = [`f${id}`, `s${id}`, `c${id}`, `m${id}`, `p${id}`]
    const values = this.adjusted(s.values, 3, (t) => (text += t))
    text += `const ${f} = ${values[0]!}, ${state} = ${values[1]!}; let ${control} = ${values[2]!}; `
    text += `const ${mode} = $loopMode(${f}, ${state}, ${control}); let ${cursor} = 0; `
    const value = s.locals[1]
    const names = s.locals.map(nameOf)
    const site: Site = { line: s.line, names: [undefined, "local '(for generator)'"], call: true, tail: false }
    const t = this.temp()
    let call = `${t} = ${this.mark(site)}${calleeText(f)}(${state}, ${control}); `
    if (this.chunk.yielding) call += `if ($unfinished(${t})) ${t} = ${this.mark(site)}yield* $finish(${t}); `
    if (s.locals.length === 1) call += `${names[0]!} = $first(${t}); `
    else call += `${t} = $all(${t}); ${names.map((name, i) => `${name} = ${t}[${i}]; `).join('')}`
    call += `if (${names[0]!} === undefined) break; ${control} = ${names[0]!}; `

    const set = (name: string, method: string) => `${name} = ${state}.${method}(${cursor}); `
    const pair = set(names[0]!, 'keyAt') + (value === undefined ? '' : set(nameOf(value), 'valueAt'))
    const next = `${set(cursor, 'seek')}if (${cursor} === $end) break; ${pair}${set(cursor, 'after')}`
    const item = value === undefined ? t : nameOf(value)
    const found = `if (${item} === undefined) break; ${names[0]!} = ${cursor}; `
    const ipairs = `${item} = ${state}.getIndex(++${cursor}); ${found}`
    text += `for (;;) { let ${names.join(', ')}; `
    text += `if (${mode} === 1) { ${next}} else if (${mode} === 2) { ${ipairs}} else { ${call}} `
    text += `${this.tick()}${this.block(s.block)}} } `
    return text
  }

  private returnText(s: Extract<Statement, { kind: 'return' }>): string {
    const [only] = s.values
    if (only === undefined) return 'return $none; '
    if (s.values.length > 1) return `return [${this.list(s.values)}]; `
    if (only.kind === 'vararg') return 'return va.length === 1 ? va[0] : va; '
    if (only.kind === 'call' || only.kind === 'method') return this.tailCall(only)
    return `return (${this.expression(only)}); `
  }

  /** `return f(x)`: a real call as long as few such calls are under way, otherwise one that the caller makes. */
  private tailCall(e: CallExpression): string {
    let text = ''
    const put = (value: string) => {
      const t = this.temp()
      text += `${t} = ${value}; `
      return t
    }
    let callee: string
    const args: string[] = []
    if (e.kind === 'method') {
      const object = put(this.expression(e.object))
      callee = put(this.indexCall(this.operation(e.line, e.object), object, { kind: 'string', value: e.name }))
      args.push(object)
    } else {
      callee = put(this.expression(e.callee))
    }
    e.args.forEach((arg, i) => {
      if (i === e.args.length - 1 && isOpen(arg)) args.push(`...${put(this.open(arg))}`)
      else args.push(put(this.expression(arg)))
    })
    const site = this.mark({ line: e.line, names: [describeCallee(e)], call: true, tail: true })
    const list = args.join(', ')
    const t = this.temp()
    if (this.chunk.yielding) {
      // What a library makes is run here, so that its errors have this place.
      text += `${t} = ${site}$tailCall(${calleeText(callee)}, [${list}]); `
      return `${text}return ($steps(${t}) ? ${site}yield* $finish(${t}) : ${t}); `
    }
    const quick = `$M.tails++; ${t} = ${site}${calleeText(callee)}(${list}); $M.tails--; return ${t}; `
    return `${text}if ($M.tails < 60) { ${quick}} return ($tailCall(${calleeText(callee)}, [${list}])); `
  }
}
