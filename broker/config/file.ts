// Reads the syntax of redis.conf: a parameter a line, words in quotes where needed, comments, includes with globs.
// The command line is turned into such lines too: `--port 7000` is `port 7000`.

import { globSync, readFileSync } from 'node:fs'

const includeDepthMax = 16

/** One line that sets something. `number` counts within its file, or within the whole command line. */
export type Line = { text: string, number: number, file: string | undefined, words: readonly string[] }

/** A configuration that can't be used; `message` is the text for the operator. The start ends with exit code 1. */
export class ConfigError extends Error {
  readonly code = 'CONFIG'
}

/** The error at one line, in the form that Redis prints. */
export function lineError(line: Line, reason: string, product: string): ConfigError {
  const where = line.file === undefined ? 'Reading the configuration' : `Reading the configuration file ${line.file}`
  return new ConfigError(
    `\n*** FATAL CONFIG FILE ERROR (${product}) ***\n${where}, at line ${line.number}\n>>> '${line.text}'\n${reason}`,
  )
}

const escaped: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }

/**
 * Splits a line into words as Redis does: `"…"` with escapes (\n \r \t \b \a \" \\ \xHH), `'…'` with \' only.
 * Undefined when a quote isn't closed, or is followed by something other than a blank.
 */
export function splitWords(line: string): string[] | undefined {
  const bytes = Buffer.from(line).toString('latin1')
  const found: string[] = []
  let at = 0
  for (;;) {
    while (at < bytes.length && isBlank(bytes[at]!)) at++
    if (at === bytes.length) return found
    let word = ''
    while (at < bytes.length && !isBlank(bytes[at]!)) {
      const c = bytes[at]!
      if (c !== '"' && c !== "'") {
        word += c
        at++
        continue
      }
      const quoted = c === '"' ? readDouble(bytes, at + 1) : readSingle(bytes, at + 1)
      if (quoted === undefined) return undefined
      word += quoted.text
      at = quoted.end
      if (at < bytes.length && !isBlank(bytes[at]!)) return undefined
    }
    found.push(Buffer.from(word, 'latin1').toString())
  }
}

function isBlank(c: string): boolean {
  return c === ' ' || c === '\t' || c === '\r' || c === '\n' || c === '\v' || c === '\f' || c === '\0'
}

function readDouble(bytes: string, from: number): { text: string, end: number } | undefined {
  let text = ''
  let at = from
  while (at < bytes.length) {
    const c = bytes[at]!
    if (c === '"') return { text, end: at + 1 }
    if (c !== '\\' || at + 1 === bytes.length) {
      text += c
      at++
      continue
    }
    const code = /^x([0-9a-f]{2})/i.exec(bytes.slice(at + 1, at + 4))
    if (code === null) {
      const next = bytes[at + 1]!
      text += escaped[next] ?? next
      at += 2
    } else {
      text += String.fromCharCode(Number.parseInt(code[1]!, 16))
      at += 4
    }
  }
  return undefined
}

function readSingle(bytes: string, from: number): { text: string, end: number } | undefined {
  let text = ''
  let at = from
  while (at < bytes.length) {
    if (bytes[at] === "'") return { text, end: at + 1 }
    if (bytes[at] === '\\' && bytes[at + 1] === "'") at++
    text += bytes[at]!
    at++
  }
  return undefined
}

/** The lines of a configuration's text that set something, with what they include in their place. */
export function readLines(text: string, file: string | undefined, product: string, depth = 0): Line[] {
  const lines: Line[] = []
  text.split('\n').forEach((raw, index) => {
    const trimmed = raw.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return
    const line = { text: trimmed, number: index + 1, file, words: splitWords(trimmed) ?? [] }
    if (splitWords(trimmed) === undefined) throw lineError(line, 'Unbalanced quotes in configuration line', product)
    if (line.words[0]!.toLowerCase() !== 'include') {
      lines.push(line)
      return
    }
    if (line.words.length !== 2) throw lineError(line, 'wrong number of arguments', product)
    if (depth >= includeDepthMax) throw lineError(line, 'includes are nested too deeply', product)
    for (const name of includedFiles(line.words[1]!)) {
      lines.push(...readLines(readConfigFile(name), name, product, depth + 1))
    }
  })
  return lines
}

/** Files that an include names; a pattern that matches nothing names none, a plain name is read in any case. */
function includedFiles(pattern: string): string[] {
  return /[*?[]/.test(pattern) ? globSync(pattern).toSorted() : [pattern]
}

export function readConfigFile(name: string): string {
  try {
    return readFileSync(name, 'utf8')
  } catch (cause) {
    const error = new ConfigError(`Fatal error, can't open config file '${name}': ${reasonOf(cause)}`)
    error.cause = cause
    throw error
  }
}

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'No such file or directory'
  if (code === 'EACCES') return 'Permission denied'
  if (code === 'EISDIR') return 'Is a directory'
  return String(code)
}

/** What the command line says: `[file] [-] [--name value …] …`. */
export type CommandLine = { file: string | undefined, stdin: boolean, options: readonly (readonly string[])[] }

export function readCommandLine(argv: readonly string[]): CommandLine {
  const rest = [...argv]
  let file: string | undefined
  let stdin = false
  if (rest.length > 0 && !rest[0]!.startsWith('-')) file = rest.shift()
  if (rest[0] === '-') {
    stdin = true
    rest.shift()
  }
  if (rest.at(-1) === '-') {
    stdin = true
    rest.pop()
  }
  const options: string[][] = []
  for (const word of rest) {
    if (word.startsWith('--') && word.length > 2) options.push([word.slice(2)])
    else if (options.length === 0) options.push([word])
    else options.at(-1)!.push(word)
  }
  return { file, stdin, options }
}
