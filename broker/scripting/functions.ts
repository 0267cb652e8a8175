// Functions, compiled from the libraries that the engine keeps as source texts. What the engine has is what counts:
// whatever changed it (a command, the log, a checkpoint), libraries are compiled from there when next asked for.

import type { Engine } from '../../core/engine.ts'
import type { Libraries } from '../../core/libraries.ts'
import type { FunctionInterpreter } from './function-interpreter.ts'
import { describeLibrary, LibraryError } from './library-load.ts'
import type { Library, LibraryFunction } from './library-load.ts'

/** What becomes of the libraries that are there: `flush` forgets them, `append` refuses one of a name that is taken. */
export type RestorePolicy = 'flush' | 'append' | 'replace'

/** Makes a library of its source. Raises LibraryError. */
export type LibraryLoader = { load(source: string): Library }

export class Functions<Loader extends LibraryLoader = FunctionInterpreter> {
  private readonly sources: Libraries
  private readonly newInterpreter: () => Loader
  private interpreter: Loader | undefined
  private libraries: Map<string, Library>
  private byName: Map<string, LibraryFunction>
  private version: number

  constructor(sources: Libraries, newInterpreter: () => Loader) {
    this.sources = sources
    this.newInterpreter = newInterpreter
    this.interpreter = undefined
    this.libraries = new Map()
    this.byName = new Map()
    this.version = 0
  }

  /** Libraries by name. */
  get all(): ReadonlyMap<string, Library> {
    if (this.version !== this.sources.version) this.follow()
    return this.libraries
  }

  /** How many functions there are. */
  get count(): number {
    if (this.version !== this.sources.version) this.follow()
    return this.byName.size
  }

  /** Names are the same in any case. */
  find(name: string): LibraryFunction | undefined {
    if (this.version !== this.sources.version) this.follow()
    return this.byName.get(name) ?? this.byName.get(name.toLowerCase())
  }

  /** What runs the functions. */
  get running(): Loader {
    this.interpreter ??= this.newInterpreter()
    return this.interpreter
  }

  /** Takes in libraries, all of them or, when one can't be, none. Raises LibraryError and NameTaken. */
  add(sources: readonly string[], policy: RestorePolicy): Library[] {
    const libraries = new Map(policy === 'flush' ? [] : this.all)
    const added: Library[] = []
    for (const source of sources) {
      const { name } = describeLibrary(source)
      if (libraries.has(name) && policy !== 'replace') throw new NameTaken(name)
      const library = this.running.load(source)
      libraries.delete(name)
      libraries.set(name, library)
      added.push(library)
    }
    const byName = indexFunctions(libraries.values())

    if (policy === 'flush') this.sources.clear()
    for (const library of added) this.sources.set(library.name, library.source)
    this.libraries = libraries
    this.byName = byName
    this.version = this.sources.version
    return added
  }

  /** False when there is no such library. */
  delete(name: string): boolean {
    if (!this.sources.byName.has(name)) return false
    this.sources.delete(name)
    return true
  }

  clear(): void {
    this.sources.clear()
    this.interpreter = undefined
  }

  /** Compiles what the engine has and we have not, and forgets the rest. */
  private follow(): void {
    const libraries = new Map<string, Library>()
    for (const [name, source] of this.sources.byName) {
      const known = this.libraries.get(name)
      libraries.set(name, known?.source === source ? known : this.running.load(source))
    }
    this.libraries = libraries
    this.byName = indexFunctions(libraries.values())
    this.version = this.sources.version
  }
}

/** A library of the name is there already. */
export class NameTaken {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Functions by name in lower case. Raises LibraryError when two have the same. */
function indexFunctions(libraries: Iterable<Library>): Map<string, LibraryFunction> {
  const byName = new Map<string, LibraryFunction>()
  for (const library of libraries) {
    for (const fn of library.functions) {
      const name = fn.name.toLowerCase()
      if (byName.has(name)) throw new LibraryError(`Function ${fn.name} already exists`)
      byName.set(name, fn)
    }
  }
  return byName
}

const byEngine = new WeakMap<Engine, Functions<LibraryLoader>>()

/** Names the functions of an engine, for handlers that are given nothing but the engine. */
export function bindFunctions(x: Engine, functions: Functions<LibraryLoader>): void {
  byEngine.set(x, functions)
}

function unread(source: string): Library {
  return { name: describeLibrary(source).name, source, functions: [] }
}

/** For an engine that only folds a log: it keeps the sources, which were tried when they came, and runs none. */
export function bindSources(x: Engine): void {
  bindFunctions(x, new Functions<LibraryLoader>(x.libraries, () => ({ load: unread })))
}

export function functionsOf(x: Engine): Functions<LibraryLoader> {
  const functions = byEngine.get(x)
  if (functions === undefined) throw new Error('the engine has no functions')
  return functions
}
