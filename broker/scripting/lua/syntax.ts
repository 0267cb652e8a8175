// The syntax tree. Names are resolved while parsing: a name is a local variable's record, or global.

/** A local variable. `captured` and `assigned` tell the code generator how little it may do with it. */
export interface Local {
  readonly name: string
  readonly id: number
  readonly owner: FunctionScope
  /** Whether an inner function uses it. */
  captured: boolean
  /** Whether something assigns to it after its declaration. */
  assigned: boolean
  /** Whether it is always a number: a loop's variable that nothing assigns to. */
  number: boolean
}

/** What belongs to a function while it is parsed. */
export interface FunctionScope {
  readonly parent: FunctionScope | undefined
  readonly line: number
  readonly upvalues: Set<Local>
  vararg: boolean
  usesVararg: boolean
  /** What `...` goes by in Lua 5.0: a table, where the function names it and not `...`. */
  arg: Local | undefined
  usesArg: boolean
  actives: Local[]
}

export interface FunctionBody {
  readonly scope: FunctionScope
  readonly parameters: readonly Local[]
  readonly block: Block
  readonly line: number
}

export type Block = readonly Statement[]

/** A `temporary` is no syntax: the code generator puts it where a part is computed already. */
export type Expression =
  | { kind: 'nil' | 'true' | 'false' | 'vararg' }
  | { kind: 'number'; value: number }
  | { kind: 'string'; value: string }
  | { kind: 'function'; body: FunctionBody }
  | { kind: 'local'; local: Local; upvalue: boolean }
  | { kind: 'global'; name: string; line: number }
  | { kind: 'index'; object: Expression; key: Expression; line: number }
  | CallExpression
  | { kind: 'binary'; op: BinaryOperator; left: Expression; right: Expression; line: number }
  | { kind: 'logic'; op: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'unary'; op: 'not' | '-' | '#'; operand: Expression; line: number }
  | { kind: 'paren'; inner: Expression }
  | { kind: 'temporary'; name: string }
  | { kind: 'table'; items: readonly TableItem[]; line: number }

export type CallExpression =
  | { kind: 'call'; callee: Expression; args: readonly Expression[]; line: number }
  | { kind: 'method'; object: Expression; name: string; args: readonly Expression[]; line: number }

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '^' | '..' | '==' | '~=' | '<' | '<=' | '>' | '>='

/** An item of a table constructor; without a key it belongs to the list. */
export interface TableItem {
  readonly key: Expression | undefined
  readonly value: Expression
  readonly line: number
}

export type Statement =
  | { kind: 'local'; locals: readonly Local[]; values: readonly Expression[] }
  | { kind: 'assign'; targets: readonly Expression[]; values: readonly Expression[]; line: number }
  | { kind: 'call'; call: CallExpression }
  | { kind: 'do'; block: Block }
  | { kind: 'while'; condition: Expression; block: Block }
  | { kind: 'repeat'; block: Block; condition: Expression }
  | { kind: 'if'; arms: readonly { condition: Expression; block: Block }[]; otherwise: Block | undefined }
  | CountLoop
  | { kind: 'each'; locals: readonly Local[]; values: readonly Expression[]; block: Block; line: number }
  | { kind: 'localFunction'; local: Local; body: FunctionBody }
  | { kind: 'return'; values: readonly Expression[]; line: number }
  | { kind: 'break' }

export interface CountLoop {
  readonly kind: 'count'
  readonly local: Local
  readonly start: Expression
  readonly limit: Expression
  readonly step: Expression | undefined
  readonly block: Block
  readonly line: number
}

/** Whether an expression can give several values. */
export function isOpen(e: Expression | undefined): boolean {
  return e !== undefined && (e.kind === 'call' || e.kind === 'method' || e.kind === 'vararg')
}
