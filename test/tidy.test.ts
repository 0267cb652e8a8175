// The style of the house as a test: import directions, folder READMEs, no cycles, no banned imports.
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'

const root = path.resolve(import.meta.dirname, '..')
const layers = ['core', 'broker', 'consumers', 'ops'] as const
const topLevel = new Set([...layers, 'test', 'package.json', 'tsconfig.json', 'package-lock.json', 'README.md', 'LICENSE'])
const droppings = new Set(['node_modules', 'dist'])

const clause = String.raw`(?:\*(?:\s+as\s+\w+)?|\{[^}]*\}|\w+(?:\s*,\s*\{[^}]*\})?)`
const importPattern = new RegExp(
  String.raw`^(?:import|export)\s+(?:type\s+)?${clause}\s+from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)`,
  'gm',
)

function sources(dir: string): string[] {
  return readdirSync(path.join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(dir, name))
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  const found = text.matchAll(importPattern)
  return [...found].map((m) => (m[1] ?? m[2] ?? m[3])!)
}

function resolveFrom(file: string, spec: string): string {
  return path.posix.normalize(path.posix.join(path.posix.dirname(file), spec))
}

const files = layers.flatMap((layer) => sources(layer))

test('the top level holds only what is agreed', (t) => {
  const extra = readdirSync(root).filter((name) => !name.startsWith('.') && !topLevel.has(name) && !droppings.has(name))
  t.deepEqual(extra, [])
})

test('relative imports name an existing .ts file', (t) => {
  for (const file of [...files, ...sources('test')]) {
    for (const spec of importsOf(file).filter((s) => s.startsWith('.'))) {
      t.true(/\.(ts|json)$/.test(spec), `${file} imports ${spec}`)
      t.true(existsSync(path.join(root, resolveFrom(file, spec))), `${file} imports ${spec}`)
    }
  }
})

test('layers import only downwards: core ← broker ← consumers ← ops', (t) => {
  for (const file of files) {
    const layer = layers.findIndex((l) => file.startsWith(`${l}/`))
    for (const spec of importsOf(file).filter((s) => s.startsWith('.'))) {
      const target = resolveFrom(file, spec)
      const other = layers.findIndex((l) => target.startsWith(`${l}/`))
      t.true(target === 'package.json' || (other !== -1 && other <= layer), `${file} imports ${spec}`)
    }
  }
})

test('core imports only node: and itself; nats and the OpenTelemetry SDK have one door each', (t) => {
  for (const file of files) {
    for (const spec of importsOf(file).filter((s) => !s.startsWith('.') && !s.startsWith('node:'))) {
      t.false(file.startsWith('core/'), `${file} imports ${spec}`)
      if (spec === 'nats') t.true(file.startsWith('consumers/bridge/'), file)
      if (spec.startsWith('@opentelemetry/sdk')) t.is(file, 'ops/telemetry.ts')
    }
  }
  t.pass()
})

test('files and clocks have one door each: core/disk.ts and core/clock.ts', (t) => {
  for (const file of files.filter((f) => f.startsWith('core/'))) {
    const imports = importsOf(file)
    if (file !== 'core/disk.ts') t.false(imports.some((s) => s === 'node:fs' || s === 'node:fs/promises'), file)
    const code = readFileSync(path.join(root, file), 'utf8').replaceAll(/\/\/.*$|\/\*[^]*?\*\//gm, '')
    if (file !== 'core/clock.ts') t.notRegex(code, /\bDate\.now\(|\bnew Date\(\)|performance\.now\(|hrtime/, file)
    if (file !== 'core/random.ts') t.notRegex(code, /Math\.random\(|randomBytes\(|getRandomValues\(/, file)
    if (!file.startsWith('core/clock')) t.notRegex(code, /\bprocess\.env\b/, file)
  }
})

test('imports have no cycles', (t) => {
  const graph = new Map<string, string[]>()
  for (const file of files) {
    const text = readFileSync(path.join(root, file), 'utf8')
    const runtime = [...text.matchAll(importPattern)].filter((m) => !/^(?:import|export) type\b/.test(m[0]))
    graph.set(file, runtime.map((m) => m[1] ?? m[2] ?? '').filter((s) => s.startsWith('.')).map((s) => resolveFrom(file, s)))
  }
  const state = new Map<string, 'open' | 'done'>()
  const visit = (file: string, trail: string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      t.fail(`cycle: ${[...trail.slice(trail.indexOf(file)), file].join(' → ')}`)
      return
    }
    state.set(file, 'open')
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
    state.set(file, 'done')
  }
  for (const file of files) visit(file, [])
  t.pass()
})

test('every folder of the engine has a README that names each of its files', (t) => {
  const folders = new Set(files.map((f) => path.posix.dirname(f)))
  for (const folder of folders) {
    const readme = path.join(root, folder, 'README.md')
    t.true(existsSync(readme), `${folder}/README.md is missing`)
    if (!existsSync(readme)) continue
    const text = readFileSync(readme, 'utf8')
    for (const file of files.filter((f) => path.posix.dirname(f) === folder)) {
      t.true(text.includes(path.posix.basename(file)), `${folder}/README.md does not mention ${path.posix.basename(file)}`)
    }
  }
})

test('house style: no semicolon line ends, no tabs, no enums, lines within 120 columns (tests: 140)', (t) => {
  for (const file of [...files, ...sources('test')]) {
    const lines = readFileSync(path.join(root, file), 'utf8').split('\n')
    lines.forEach((line, i) => {
      t.false(line.includes('\t'), `${file}:${i + 1} has a tab`)
      t.true(line.length <= (file.startsWith('test/') ? 140 : 120), `${file}:${i + 1} is ${line.length} columns wide`)
      t.notRegex(line, /^\s*(?:export )?(?:const )?enum /, `${file}:${i + 1} declares an enum`)
      t.notRegex(line, /^[^'"`/]*;\s*$/, `${file}:${i + 1} ends with a semicolon`)
    })
  }
})
