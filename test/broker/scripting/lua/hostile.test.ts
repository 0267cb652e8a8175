// Scripts that want out, or want everything: no name reaches JavaScript, no loop escapes the hook, no recursion or string kills.
import { getHeapStatistics } from 'node:v8'
import test from 'ava'
import { compile } from '../../../../broker/scripting/lua/compile.ts'
import { Kill, NeedsYielding } from '../../../../broker/scripting/lua/error.ts'
import { generate } from '../../../../broker/scripting/lua/generate.ts'
import { parse } from '../../../../broker/scripting/lua/parser.ts'
import { LuaState } from '../../../../broker/scripting/lua/state.ts'
import { LuaTable } from '../../../../broker/scripting/lua/table.ts'
import type { LuaValue } from '../../../../broker/scripting/lua/value.ts'
import { runPlain, runYielding } from './run.ts'
import { Chance, Snippets } from './snippets.ts'

const hostileNames = [
  '__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'eval', 'arguments', 'globalThis', 'process',
  'require', 'Function', 'this', 'new', 'class', 'await', 'yield', 'let', 'var', 'const', 'delete', 'typeof', 'void', 'with', 'enum',
  'v1', 't1', 'va', '_G', 'keep', 'undefined', 'NaN', 'Infinity', 'null', 'Math', 'static', 'super', 'import', 'export', 'switch',
  'length',
]

for (const name of hostileNames) {
  test(`${name} is a name like any other`, (t) => {
    const source = `
      local seen = {${name} == nil, ({}).${name}, ("s").${name} == nil or "string library"}
      local t = {${name} = 1} t.${name} = t.${name} + 1
      local function f(${name}) ${name} = ${name} or 5 return ${name} end
      local ${name} = f() ${name} = ${name} + t.${name}
      local o = {} function o.${name}(x) return x end function o:m() return self.${name}(${name}) end
      for ${name} = 1, 2 do t[#t + 1] = ${name} end for _, ${name} in ipairs({3}) do t[#t + 1] = ${name} end
      return seen[2], ${name}, o:m(), #t, rawget(t, "${name}"), next({["${name}"] = true})`
    const expected = { values: [undefined, 7, 7, 3, 2, name, true] }
    t.deepEqual(runPlain(source), expected)
    t.deepEqual(runYielding(source), expected)
  })
}

test('generated code names nothing but its own variables and the runtime', (t) => {
  const seed = Math.floor(Math.random() * 1e9)
  t.log(`seed ${seed}`)
  const words =
    'use strict keep function let const return if else for while break new typeof number yield fuel tails Math floor undefined ' +
    'true false NaN Infinity length push getString setString getIndex seek after keyAt valueAt va keys values instanceof at'
  const known = new RegExp(`^(?:[vtfscmplihk]\\d+|\\$\\w+|${words.replaceAll(' ', '|')})$`)
  for (let i = 0; i < 300; i++) {
    const chance = new Chance(seed + i)
    let snippet = new Snippets(seed + i).snippet()
    for (const word of ['a', 'b', 't', 'u', 's']) {
      snippet = snippet.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), chance.pick(hostileNames))
    }
    let body
    try {
      body = parse(snippet, 'x')
    } catch {
      continue
    }
    for (const yielding of [false, true]) {
      const { source } = generate(body, yielding, 'x')
      const code = source.replaceAll(/'(?:[^'\\]|\\.)*'/g, "''").replaceAll(/\b\d[\w.]*/g, '0').replaceAll(/\be[+-]?\d+/g, '')
      for (const [word] of code.matchAll(/[A-Za-z_$][\w$]*/g)) t.regex(word, known, snippet)
    }
  }
})

test('strings of all bytes stay what they are, in literals, names of fields and patterns', (t) => {
  for (let c = 0; c < 256; c++) {
    const char = String.fromCharCode(c)
    const escaped = `\\${c}`
    const source = `local s = "x${escaped}y" local t = {["${escaped}"] = 1}
      return s, #s, t["${escaped}"], s:byte(2), s:find("${escaped}", 2, true)`
    t.deepEqual(runPlain(source), { values: [`x${char}y`, 3, 1, c, 2, 2] })
    if (c !== 10 && c !== 13 && c !== 34 && c !== 92) t.deepEqual(runPlain(`return "${char}"`), { values: [char] })
  }
})

test('recursion without end is an error that pcall catches', (t) => {
  const cases = [
    'local function f() return 1 + f() end f()',
    'local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k] end return t.x',
    'local function f() return pcall(f) end return select("#", f())', 'local t = {} table.sort({3, 2, 1}, function() error("x") end)',
    'local function f(s) return (s:gsub(".", f)) end return f("x")', 'local function f() local t = {f()} end f()',
    'local t = setmetatable({}, {}) getmetatable(t).__tostring = function() return tostring(t) end tostring(t)',
  ]
  for (const source of cases) {
    for (const run of [runPlain, runYielding]) {
      const { values } = run(`local ok, e = pcall(function() ${source} end) return type(ok), "alive"`)
      t.deepEqual(values, ['boolean', 'alive'], source)
    }
  }
  t.is(runPlain('local function f() return 1 + f() end return f()').error, 'user_script:1: stack overflow')
})

test('strings that are too long are an error that pcall catches', (t) => {
  for (const source of [
    'return ("x"):rep(1e10)', 'return string.rep("abc", 2^40)',
    'local s = "x" for i = 1, 40 do s = s .. s end return s', 'return ("x"):rep(1e8):rep(100)',
  ]) {
    t.deepEqual(runPlain(`return pcall(function() ${source} end)`), { values: [false, 'not enough memory'] }, source)
  }
})

const endless = [
  'while true do end', 'repeat until false', 'for i = 1, math.huge do end', 'local function f() return f() end f()',
  'for _ in function() return 1 end do end', 'while true do pcall(error) end', 'pcall(function() while true do end end)',
  '("a"):rep(5000):find(("a*"):rep(50) .. "b")', 'table.insert({}, -2e9, 1)', 'xpcall(function() while true do end end, function() end)',
  'local t = {} for i = 1, 2e4 do t[i] = 0 end while true do table.sort(t, function() return false end) end',
  'return setmetatable({}, {__index = function() while true do end end}).x',
]

test('a hook that throws a Kill ends whatever runs', (t) => {
  for (const yielding of [false, true]) {
    for (const source of endless) {
      const state = new LuaState({ yielding })
      let calls = 0
      state.meter.interval = 1000
      state.meter.hook = () => {
        if (++calls > 20) throw new Kill('killed by the test')
      }
      const main = compile(source, 'user_script').load(state)
      const run = () => (yielding ? state.runYielding(main, []).next() : state.call(main, []))
      try {
        t.throws(() => {
          for (let i = 0; i < 1000; i++) run()
        }, { instanceOf: Kill }, source)
      } catch (error) {
        t.fail(`${source}: ${String(error)}`)
      }
      Object.assign(state.meter, { hook: () => {}, interval: 20_000 })
    }
  }
})

test('a yielding run pauses again and again, and goes on as if it had not', (t) => {
  const source = `local s = 0 for i = 1, 500000 do s = s + i end
    local ok, e = pcall(function() for i = 1, 200000 do s = s + 1 end error("x") end) return s, ok, e`
  const state = new LuaState({ yielding: true })
  const steps = state.runYielding(compile(source, 'user_script').load(state), [])
  let pauses = 0
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) pauses++
  t.true(pauses >= 30, String(pauses))
  t.deepEqual(step.value, [125000450000, false, 'user_script:2: x'])
  t.deepEqual(runPlain(source), { values: [125000450000, false, 'user_script:2: x'] })
})

test('a coroutine in a plain state asks for a yielding one', (t) => {
  const state = new LuaState({ yielding: false })
  const chunk = compile('return coroutine.wrap(function() return 1 end)()', 'user_script')
  t.true(chunk.wantsYielding)
  t.throws(() => state.call(chunk.load(state), []), { instanceOf: NeedsYielding })
})

test('a protected table can’t be changed by any means', (t) => {
  const state = new LuaState({ yielding: false })
  const guarded = new LuaTable()
  guarded.setIndex(1, 5)
  guarded.readonly = true
  state.globals.setString('guarded', guarded)
  const run = (source: string): readonly LuaValue[] => state.call(compile(source, 'user_script').load(state), [])
  for (const [source, position] of [
    ['guarded.x = 1', 'user_script:1: '], ['guarded[1] = nil', 'user_script:1: '], ['rawset(guarded, 1, 2)', ''],
    ['setmetatable(guarded, {})', ''],
    ['table.insert(guarded, 1)', ''], ['table.remove(guarded)', ''], ['table.sort(guarded)', ''],
  ] as const) {
    const outcome = run(`return pcall(function() ${source} end)`)
    t.deepEqual(outcome, [false, `${position}Attempt to modify a readonly table`], source)
  }
  t.deepEqual([guarded.length(), guarded.getIndex(1), guarded.metatable], [1, 5, undefined])
})

test('a script that fills the heap gets an error that it can catch', (t) => {
  const state = new LuaState({ yielding: false })
  const before = state.meter.heapBytesMax
  state.meter.heapBytesMax = getHeapStatistics().used_heap_size + 60e6
  t.teardown(() => {
    state.meter.heapBytesMax = before
  })
  for (const source of [
    'local t = {} for i = 1, 1e9 do t[i] = {i} end', 'local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1e6 + i) end',
    'return ("x"):rep(2e8)',
  ]) {
    const values = state.call(compile(`return pcall(function() ${source} end)`, 'user_script').load(state), [])
    t.deepEqual(values, [false, 'not enough memory'], source)
  }
})

test('a yielding run pauses inside gsub, sort and foreach', (t) => {
  for (const source of [
    '("x"):gsub(".", function() for i = 1, 1e5 do end end)', 'table.sort({2, 1, 3}, function(a, b) for i = 1, 1e5 do end return a < b end)',
    'table.foreach({1}, function() for i = 1, 1e5 do end end)', 'table.foreachi({1}, function() for i = 1, 1e5 do end end)',
  ]) {
    const state = new LuaState({ yielding: true })
    const steps = state.runYielding(compile(source, 'user_script').load(state), [])
    let pauses = 0
    while (steps.next().done !== true) pauses++
    t.true(pauses > 3, source)
  }
})
