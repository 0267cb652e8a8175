// The language: what a script gives, in the plain form and in the yielding one.
import test from 'ava'
import { runPlain, runYielding } from './run.ts'

const cases: readonly [name: string, source: string, values: readonly unknown[]][] = [
  ['arithmetic', `
    return 7 % -3, -7 % 3, 2^10, 7 / 2, -2 ^ 2, "10" + 5, 5 % math.huge ~= 5`,
  [-2, 2, 1024, 3.5, -4, 15, true]],
  ['concatenation goes right to left', 'return 1 .. 2 .. "x" .. 1.5', ['12x1.5']],
  ['and, or, not', `
    return nil and 1, false or "x", nil or false, not nil, 0 and "zero"`,
  [undefined, 'x', false, true, 'zero']],
  ['parentheses cut to one value', 'local function f() return 1, 2 end return (f()), f()', [1, 1, 2]],
  ['lists are adjusted', `
    local function f() return 1, 2 end local a, b, c = 0, f() local d, e = f(), 5 return a, b, c, d, e`,
  [0, 1, 2, 1, 5]],
  ['no results and nil differ', `
    local function f() end return select("#", f()), select("#", (f())), select("#", nil, nil)`,
  [0, 1, 2]],
  ['varargs', `
    local function f(...) local a, b = ... return select("#", ...), a, b, ... end return f(1, nil, 3)`,
  [3, 1, undefined, 1, undefined, 3]],
  ['multiple assignment evaluates before it assigns', `
    local a, b = 1, 2 a, b = b, a local t, i = {}, 1 i, t[i] = i + 1, 20 return a, b, i, t[1]`,
  [2, 1, 2, 20]],
  ['each iteration has variables of its own', `
    local f = {} for i = 1, 3 do f[i] = function() i = i + 1 return i end end return f[1](), f[1](), f[2]()`,
  [2, 3, 3]],
  ['while and break', 'local n = 0 while true do n = n + 1 if n == 5 then break; end end return n', [5]],
  ['until sees the locals of its body', 'local n = 0 repeat local done = n == 3 n = n + 1 until done return n', [4]],
  ['loops count down and by fractions', `
    local s = "" for i = 3, 1, -1 do s = s .. i end for x = 0, 1, 0.25 do s = s .. " " .. x end return s`,
  ['321 0 0.25 0.5 0.75 1']],
  ['a loop’s variable is a copy', 'local s = 0 for i = 1, 3 do s = s + i i = 10 end return s', [6]],
  ['methods and self', `
    local o = {n = 1} function o:add(x) self.n = self.n + x return self end return o:add(2):add(3).n`,
  [6]],
  ['strings have methods', 'return ("x"):rep(3), ("%d"):format(5), #"abc"', ['xxx', '5', 3]],
  ['long strings and escapes', 'return [[\na]], [==[b]]]==], "\\65\\n\\\n\\x", #"\\0\\255"', ['a', 'b]]', 'A\n\nx', 2]],
  ['comments', '-- a\n--[[ b\n]] --[==[ c ]] ]==] return 1 -- d', [1]],
  ['numbers', 'return 0x10, 1e2, .5, 3., 0xA, 1E-2', [16, 100, 0.5, 3, 10, 0.01]],
  ['float keys that are integers', `
    local t = {} t[1.0] = "a" t[2^53] = "b" return t[1], t[9007199254740992]`,
  ['a', 'b']],
  ['constructors', 'local t = {1, 2; x = 3, [10] = 4, 5} return #t, t.x, t[10], t[3]', [3, 3, 4, 5]],
  ['constructors with calls', `
    local function f() return 1, 2, 3 end return #{f(), f()}, #{f(), (f())}, #{n = f(), f()}`,
  [4, 2, 3]],
  ['tail calls need no stack', `
    local function f(n) if n == 0 then return "done" end return f(n - 1) end return f(1000000)`,
  ['done']],
  ['tail calls of two functions', `
    local g
    local function f(n) if n == 0 then
    return n, "f" end
    return g(n - 1) end function g(n)
    return f(n) end
    return f(300000)`,
  [0, 'f']],
  ['__index and __newindex', `
    local log = {}
    local t = setmetatable({}, {__index = function(t, k)
    return k .. "!" end, __newindex = function(t, k, v) rawset(t, k, v * 2) end}) t.a = 4
    return t.a, t.b`,
  [8, 'b!']],
  ['chains of __index', `
    local a = {x = 1}
    local b = setmetatable({}, {__index = a})
    local c = setmetatable({}, {__index = b})
    return c.x, c.y`,
  [1, undefined]],
  ['operators of metatables', `
    local mt = {} local function v(n) return setmetatable({n = n}, mt) end
    mt.__add = function(a, b) return v(a.n + b.n) end mt.__unm = function(a) return v(-a.n) end
    mt.__concat = function(a, b) return (type(a) == "table" and a.n or a) .. "&" .. (type(b) == "table" and b.n or b) end
    mt.__eq = function(a, b) return a.n == b.n end mt.__lt = function(a, b) return a.n < b.n end
    mt.__le = function(a, b) return a.n <= b.n end
    mt.__call = function(self, x, y) return self.n, x, y end mt.__tostring = function(a) return "v" .. a.n end
    return (v(1) + v(2)).n, (-v(3)).n, v(1) .. v(2), "x" .. v(3), v(1) == v(1), v(1) < v(2), v(2) <= v(1), v(2) > v(1),
      tostring(v(9)), v(7)(1, 2)`,
  [3, -3, '1&2', 'x&3', true, true, false, true, 'v9', 7, 1, 2]],
  ['#t asks no metatable', 'return #setmetatable({1, 2}, {__len = function() return 9 end})', [2]],
  ['pcall and error', `
    local ok, e = pcall(error, {code = 5}) local ok2, e2 = pcall(error) return ok, e.code, ok2, e2`,
  [false, 5, false, undefined]],
  ['xpcall', `
    return xpcall(function() error("x", 0) end, function(e) return "handled " .. e end)`,
  [false, 'handled x']],
  ['loadstring', `
    local f = loadstring("local a = ... return a, 1") local g, e = loadstring("x =") return f(5), g, e`,
  [5, undefined, '[string "x ="]:1: unexpected symbol near \'<eof>\'']],
  ['pairs and next', `
    local s = 0 local t = {1, 2, a = 3} for k, v in pairs(t) do s = s + v end return s, next({}), next({5})`,
  [6, undefined, 1, 5]],
  ['ipairs stops at nil', 'local n = 0 for i, v in ipairs({1, 2, nil, 4}) do n = n + v end return n', [3]],
  ['iterators of a script', `
    local function iter(s, c) if c < s then
    return c + 1, c * 2 end end
    local r = 0
    for i, v in iter, 3, 0 do r = r + v end
    return r`,
  [6]],
  ['nil may be cleared while walking', `
    local t = {a = 1, b = 2, c = 3} for k in pairs(t) do t[k] = nil end return next(t)`,
  [undefined]],
  ['keys with the names of JavaScript', `
    local t = {} t.__proto__ = 1 t.constructor = 2 return t.__proto__, t.constructor, t.toString, ({}).constructor`,
  [1, 2, undefined, undefined]],
]

for (const [name, source, values] of cases) {
  test(name, (t) => {
    t.deepEqual(runPlain(source), { values })
    t.deepEqual(runYielding(source), { values })
  })
}
