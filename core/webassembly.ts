// WebAssembly modules, put together opcode by opcode: loops over what JavaScript has no types for, vectors and 64-bit
// integers. https://webassembly.github.io/spec/core/binary/

/** What is used of the global object, which the types of Node leave out. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: Record<string, unknown> }
}

export const i32 = 0x7f
export const i64 = 0x7e
export const v128 = 0x7b
const pageBytes = 65536

/** Parameters and results, as types. */
export type Signature = { takes: readonly number[]; gives: readonly number[] }

export type WasmFunction = {
  signature: Signature
  /** Beside the parameters: so many of this type, so many of that. */
  locals: readonly (readonly [count: number, type: number])[]
  body: readonly number[]
}

/** An unsigned number as LEB128. */
export function unsigned(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)]
}

/** A signed number as LEB128. */
export function signed(n: number): number[] {
  return n >= -0x40 && n < 0x40 ? [n & 0x7f] : [(n & 0x7f) | 0x80, ...signed(n >> 7)]
}

/** An instance of a module with these functions, by name, and a memory of at least `memoryBytes`. */
export function instantiate<Name extends string>(
  functions: Record<Name, WasmFunction>, memoryBytes: number,
): { functions: Record<Name, (n: number) => number>; memory: ArrayBuffer } {
  const names = Object.keys(functions) as Name[]
  const bodies = names.map((name) => functions[name])
  const bytes = Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, bodies.map(({ signature: { takes, gives } }) =>
      [0x60, takes.length, ...takes, gives.length, ...gives])),
    ...section(3, names.map((_, i) => unsigned(i))),
    ...section(5, [[0, ...unsigned(Math.ceil(memoryBytes / pageBytes))]]),
    ...section(7, [[...text('memory'), 2, 0], ...names.map((name, i) => [...text(name), 0, ...unsigned(i)])]),
    ...section(10, bodies.map(code)),
  ])
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  return {
    functions: exports as Record<Name, (n: number) => number>,
    memory: (exports['memory'] as { buffer: ArrayBuffer }).buffer,
  }
}

function text(name: string): number[] {
  return [...unsigned(name.length), ...Buffer.from(name)]
}

/** A function's entry in the code section: its size, its locals, its body. */
function code({ locals, body }: WasmFunction): number[] {
  const groups = locals.flatMap(([count, type]) => [...unsigned(count), type])
  const entry = [...unsigned(locals.length), ...groups, ...body, 0x0b]
  return [...unsigned(entry.length), ...entry]
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = [...unsigned(items.length), ...items.flat()]
  return [id, ...unsigned(content.length), ...content]
}
