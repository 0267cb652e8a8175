// Random snippets of Lua, the same for a seed everywhere: expressions of every kind over values of every kind, calls
// of the
// libraries with right and wrong arguments, and statements around them. They end by themselves and print no addresses.
export class Chance {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  below(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.state / 2 ** 32) * n)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
}

const numbers = [
  '0', '1', '2', '3', '7', '10', '100', '255', '256', '0.5', '1.5', '2.5', '1e15', '123456789012345', '2^53', '2^31', '1e100', '0.1',
  '1/3', '-1', '-2', '-7', '-0.5', '-2^31', '-1e15', '1/0', '-1/0', '0/0', '1e-5', '12345.678', '0x1F', '99999999999999.5',
]
const strings = [
  '""', '"a"', '"abc"', '"10"', '"0x10"', '" 5 "', '"1e2"', '"hello world"', '"The quick (brown) fox"', '"a,b,,c"', '"\\0x\\255"', '"%d"',
  '"key=value; k2=v2"', '"aXbXc"', '"__index"', '"[x]"', '"f(a(b)c)d"', "'\\n\\t'",
]
const patterns = [
  '"%a+"', '"(%w+)=(%w+)"', '"."', '".-"', '"%b()"', '"%f[%w]%w+"', '"^a"', '"c$"', '"[^,]*"', '"[a-c]+"', '"(a*(.)%w(%s*))"', '"()"',
  '"%s*(%S+)"', '"%d?%D"', '"x*"', '"[%]]"', '"[]]"', '"%1"', '"(.)%1"', '"["', '"%"', '"("', '")"', '"[a"', '"%f"', '"%b"', '"(()x)"',
  '"[%a_][%w_]*"', '"^(.-)%s*$"', '"%p"', '"%x+"', '"[a-]"', '"[^%s]"', '"%z"', '"o%s"',
]
const formats = [
  '"%d"', '"%5d|%-5d|%05d"', '"%+d % d"', '"%i"', '"%u"', '"%c%c"', '"%x %X %#x %#o"', '"%o"', '"%e"', '"%.3e"', '"%E"', '"%f"', '"%.0f"',
  '"%.2f|%10.3f|%-10.1f|%+f"', '"%g"', '"%.3g"', '"%G"', '"%.14g"', '"%.17g"', '"%#g"', '"%q"', '"%s"', '"%10s|%-10s"', '"%.2s"', '"%%"',
  '"%5.1s"', '"%a"', '"%y"', '"%"', '"%123d"', '"%.123d"', '"%-+ #0d"', '"%-+ #0-d"', '"%s %s"', '"%.20f"', '"%5c"', '"%.0e"', '"%08.3f"',
]
const names = ['a', 'b', 'c', 't', 'u', 's', 'n', 'm']
/** What the metatable of `m` may hold. */
const handlers = [
  '__index = function(t, k) return type(k) end', '__index = {x = 1, a = "A"}', '__index = string',
  '__newindex = function(t, k, v) rawset(t, k, v) end', '__newindex = {}', '__add = function(x, y) return 1, 2 end',
  '__sub = function(x, y) return type(x) end', '__concat = function(x, y) return type(y) end',
  '__unm = function(x, y) return rawequal(x, y) end', '__eq = function() return 1 end',
  '__lt = function(x, y) return type(x) == "table" end', '__le = function() return nil end',
  '__call = function(self, ...) return select("#", ...), ... end', '__tostring = function() return "M" end',
  '__mul = function() error("mul") end', '__div = function() error("div", 2) end', '__mod = 5', '__metatable = "locked"',
  '__pow = math.max', '__index = function(t, k) error(k) end', '__len = function() return 7 end', '__call = math.floor',
  '__index = rawget', '__lt = rawequal',
]
const small = ['0', '1', '2', '3', '4', '-1', '-2', '-3', '1.7', '"2"', 'nil']

type Kind =
  | 'number' | 'string' | 'pattern' | 'format' | 'table' | 'any' | 'function' | 'small' | 'replacement' | 'order' | 'list'

const calls: readonly [string, readonly Kind[]][] = [
  ['type', ['any']], ['tostring', ['number']], ['tostring', ['string']], ['tonumber', ['any']], ['tonumber', ['string', 'small']],
  ['tonumber', ['string', 'number']], ['select', ['small', 'any', 'any']], ['select', ['string', 'any']], ['rawequal', ['any', 'any']],
  ['rawget', ['table', 'any']], ['#', ['table']], ['unpack', ['list']], ['unpack', ['list', 'small', 'small']], ['next', ['table']],
  ['assert', ['any', 'any']], ['getmetatable', ['any']], ['ipairs', ['any']], ['pcall', ['function']], ['error', ['any', 'small']],
  ['pcall', ['any', 'any']], ['setmetatable', ['table', 'any']], ['next', ['table', 'any']], ['xpcall', ['function', 'function']],
  ['string.byte', ['string', 'small', 'small']], ['string.char', ['small', 'small']], ['string.char', ['number']],
  ['string.find', ['string', 'pattern', 'small', 'any']], ['string.find', ['string', 'pattern']], ['string.find', ['string', 'string']],
  ['string.match', ['string', 'pattern', 'small']], ['string.match', ['string', 'pattern']],
  ['string.format', ['format', 'number', 'number']],
  ['string.format', ['format', 'string', 'any']], ['string.format', ['format', 'any', 'number', 'number', 'number']],
  ['string.gsub', ['string', 'pattern', 'replacement']], ['string.gsub', ['string', 'pattern', 'replacement', 'small']],
  ['string.len', ['string']], ['string.lower', ['string']], ['string.upper', ['string']], ['string.rep', ['string', 'small']],
  ['string.reverse', ['string']], ['string.sub', ['string', 'small', 'small']], ['string.sub', ['string', 'number']],
  ['table.concat', ['list', 'string']], ['table.concat', ['list', 'string', 'small', 'small']], ['table.insert', ['list', 'any']],
  ['table.insert', ['list', 'small', 'any']], ['table.remove', ['list', 'small']], ['table.remove', ['list']], ['table.maxn', ['table']],
  ['table.getn', ['list']], ['table.sort', ['list']], ['table.sort', ['list', 'order']], ['table.foreach', ['list', 'function']],
  ['table.foreachi', ['list', 'function']], ['table.setn', ['list', 'small']],
  ['math.floor', ['number']], ['math.ceil', ['number']], ['math.abs', ['number']], ['math.fmod', ['number', 'number']],
  ['math.max', ['number', 'number', 'number']], ['math.min', ['number', 'number']], ['math.modf', ['number']], ['math.sqrt', ['number']],
  ['math.pow', ['number', 'small']], ['math.frexp', ['number']], ['math.ldexp', ['number', 'small']], ['math.max', []],
  ['math.mod', ['number', 'number']],
  ['math.rad', ['number']], ['math.deg', ['number']], ['loadstring', ['string']], ['collectgarbage', ['string']],
]
const steps = ['', '', '', ', 1', ', 2', ', -1', ', 0.5', ', "1"']
const functions = [
  'function(...) return ... end', 'function(x) return x + 1 end', 'type', 'function() error("oops") end', 'error', 'tostring',
]
const orders = [
  'function(x, y) return x > y end', 'function(x, y) return true end', 'function(x, y) return tostring(x) < tostring(y) end', 'nil',
]
const replacements = [
  '"<%0>"', '"%1"', '"%2%1"', '"%"', '"x"', '{a = "A", hello = 1, k2 = false}', 'string.upper', 'function(x, y) return y end',
  '{["o "] = true}', '1.5',
]
const items = [...small, '"z"', '"b"', '5', '9', '3']
const others = ['string', 'table', 'any', 'small', 'function'] as const
const binaries = ['+', '-', '*', '/', '%', '..', '==', '~=', '<', '<=', '>', '>=', 'and', 'or', '+', '..', '==']

export class Snippets {
  private readonly chance: Chance
  private depth = 0

  constructor(seed: number) {
    this.chance = new Chance(seed)
  }

  snippet(): string {
    this.depth = 0
    const lines = ['local a, b, c = 1, "x", nil', 'local t, u, s, n = {1, 2, 3, x = 5}, {}, "str", 10']
    const metatable = Array.from({ length: this.chance.below(6) }, () => this.chance.pick(handlers)).join(', ')
    lines.push(`local m = setmetatable({x = 1, ${this.chance.below(3)}}, {${metatable}})`)
    const count = 1 + this.chance.below(5)
    for (let i = 0; i < count; i++) lines.push(this.statement())
    const results = Array.from({ length: 1 + this.chance.below(3) }, () => this.expression())
    return `${lines.join('\n')}\nreturn ${results.join(', ')}, a, b, t`
  }

  private nested<T>(make: () => T, flat: () => T): T {
    if (this.depth > 4) return flat()
    this.depth++
    const made = make()
    this.depth--
    return made
  }

  private statement(): string {
    return this.nested(() => {
      const { chance } = this
      const name = chance.pick(names)
      switch (chance.below(16)) {
        case 0:
          return `local ${name} = ${this.expression()}`
        case 1:
          return `${name} = ${this.expression()}`
        case 2:
          return `t[${this.expression()}] = ${this.expression()}`
        case 3:
          return `${name}, t.${chance.pick(names)} = ${this.expression()}, ${this.expression()}`
        case 4:
          return `if ${this.expression()} then ${this.statement()} else ${this.statement()} end`
        case 5:
          return `for i = ${chance.pick(small)}, ${chance.pick(small)}${chance.pick(steps)} do ${this.statement()} end`
        case 6:
          return `for k, v in pairs(${this.value('table')}) do ${name} = v u[k] = ${this.expression()} end`
        case 7:
          return `for i, v in ipairs(${this.value('list')}) do ${this.statement()} end`
        case 8:
          return `do local r = {pcall(function() ${this.statement()} return ${this.expression()} end)} u[#u + 1] = r end`
        case 9:
          return `local function f${chance.below(3)}(x, ...) ${this.statement()} return x, ... end`
        case 10:
          return `u[#u + 1] = ${this.expression()}`
        case 11:
          return `for w in string.gmatch(${this.value('string')}, ${this.value('pattern')}) do u[#u + 1] = w end`
        case 12:
          return `do local x, y = ${this.call()} u.x, u.y = x, y end`
        case 13:
          return `repeat local r = ${this.expression()} ${name} = r until true`
        case 14:
          return `${name}.${chance.pick(names)} = ${this.expression()}`
        default:
          return `${this.call()}`
      }
    }, () => 'u[#u + 1] = a')
  }

  expression(): string {
    return this.nested(() => {
      const { chance } = this
      switch (chance.below(14)) {
        case 0:
        case 1:
          return this.value(chance.pick(['number', 'string', 'any'] as const))
        case 2:
        case 3:
          return chance.pick(names)
        case 4:
        case 5:
          return `(${this.expression()} ${chance.pick(binaries)} ${this.expression()})`
        case 6:
          return `${chance.pick(['-', 'not ', '#'])}${chance.pick(names)}`
        case 7:
          return `${chance.pick(names)}.${chance.pick(names)}`
        case 8:
          return `t[${this.expression()}]`
        case 9:
          return this.value('table')
        case 10:
          return `(${this.expression()}):${chance.pick(['len', 'upper', 'rep', 'sub', 'foo'])}(${chance.pick(small)})`
        case 11:
          return `(${chance.pick(names)} ${chance.pick(binaries)} ${chance.pick(names)})`
        default:
          return this.call()
      }
    }, () => this.chance.pick(names))
  }

  private call(): string {
    const { chance } = this
    if (chance.below(12) === 0) return `${chance.pick([...names, 'nosuch', 't.x', 't.nosuch', 's.len'])}(${this.expression()})`
    const [name, kinds] = chance.pick(calls)
    if (name === '#') return `#${this.value('table')}`
    const args = kinds.map((kind) => this.value(kind))
    while (args.length > 0 && chance.below(15) === 0) args.pop()
    // Redis's pcall without arguments gives what happens to lie on its stack.
    if (name === 'pcall' && args.length === 0) args.push('type')
    return `${name}(${args.join(', ')})`
  }

  private value(kind: Kind): string {
    const { chance } = this
    // Numbers that are too large would make some calls run for ever; other kinds are wrong now and then.
    if (kind !== 'small' && kind !== 'order' && chance.below(12) === 0) return this.value(chance.pick(others))
    switch (kind) {
      case 'number':
        return chance.pick(numbers)
      case 'string':
        return chance.below(4) === 0 ? chance.pick(['s', 'b', 'n']) : chance.pick(strings)
      case 'pattern':
        return chance.pick(patterns)
      case 'format':
        return chance.pick(formats)
      case 'small':
        return chance.pick(small)
      case 'function':
        return chance.pick(functions)
      case 'order':
        return chance.pick(orders)
      case 'replacement':
        return chance.pick(replacements)
      case 'list':
        return this.nested(
          () => `{${Array.from({ length: chance.below(7) }, () => chance.pick(items)).join(', ')}}`,
          () => '{3, 1, 2}',
        )
      case 'table':
        return this.nested(
          () => `{${Array.from({ length: chance.below(5) }, () => this.item()).join(', ')}}`,
          () => 't',
        )
      default:
        return this.value(chance.pick(['number', 'string', 'table', 'list', 'small', 'function', 'number', 'string'] as const))
    }
  }

  private item(): string {
    const { chance } = this
    switch (chance.below(3)) {
      case 0:
        return this.value('number')
      case 1:
        return `${chance.pick(names)} = ${this.expression()}`
      default:
        return `[${chance.pick([...numbers.slice(0, 20), ...strings, 'true'])}] = ${chance.pick(small)}`
    }
  }
}
