// What a verb tells: lines for the operator, or under `--json` one JSON object a line, both on stdout. Where stdout
// carries data (export to `-`), they go to stderr.

import type { Progress } from './progress.ts'

export type OutputOptions = { json: boolean, quiet: boolean, progress: Progress }

export class Output {
  readonly json: boolean
  readonly quiet: boolean
  /** Stdout carries data. */
  aside: boolean
  private readonly progress: Progress

  constructor(options: OutputOptions) {
    this.json = options.json
    this.quiet = options.quiet
    this.aside = false
    this.progress = options.progress
  }

  /** A result: always told, as `text` or as the object. */
  result(object: Readonly<Record<string, unknown>>, text: string): void {
    this.line(this.json ? JSON.stringify(object) : text)
  }

  /** As `result`, unless `--quiet` is given. */
  note(object: Readonly<Record<string, unknown>>, text: string): void {
    if (!this.quiet) this.result(object, text)
  }

  private line(text: string): void {
    this.progress.clear()
    const stream = this.aside ? process.stderr : process.stdout
    stream.write(`${text}\n`)
  }
}
