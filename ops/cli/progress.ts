// The progress bar: one line on stderr that is drawn over itself, only on a terminal.
//
//   checking appendonly.aof.3.incr.aof  [##########··········]  51 %  212 MB/s  4 s left

import type { Clock } from '../../core/clock.ts'

/** What a bar is drawn on. */
export type Terminal = { write(text: string): unknown, readonly columns?: number }

const redrawMsMin = 100
const barColumns = 20
const columnsDefault = 80
const clearLine = '\r\u001b[K'

export class Progress {
  enabled: boolean
  private readonly terminal: Terminal
  private readonly clock: Clock
  private shown: boolean
  private task: string
  private beganMs: number
  private drawnMs: number

  constructor(terminal: Terminal, clock: Clock) {
    this.enabled = false
    this.terminal = terminal
    this.clock = clock
    this.shown = false
    this.task = ''
    this.beganMs = 0
    this.drawnMs = -Infinity
  }

  /** `task`: what is being done, a new one begins a new bar; `total` in bytes, 0 when nobody knows it. */
  show(task: string, what: string, done: number, total: number): void {
    if (!this.enabled) return
    const now = this.clock.monotonicMs()
    if (task !== this.task) {
      this.task = task
      this.beganMs = now
    } else if (now - this.drawnMs < redrawMsMin) return
    this.drawnMs = now
    const width = (this.terminal.columns ?? columnsDefault) - 1
    this.terminal.write(clearLine + progressLine(`${task} ${what}`, done, total, now - this.beganMs).slice(0, width))
    this.shown = true
  }

  /** Takes the bar away, so that a line can be written in its place. */
  clear(): void {
    if (!this.shown) return
    this.shown = false
    this.drawnMs = -Infinity
    this.terminal.write(clearLine)
  }
}

/** The text of a bar, `tookMs` after its beginning. */
export function progressLine(task: string, done: number, total: number, tookMs: number): string {
  const perMs = tookMs > 0 ? done / tookMs : 0
  const speed = `${formatBytes(perMs * 1000)}/s`
  if (total <= 0) return `${task}  ${formatBytes(done)}  ${speed}`
  const share = Math.min(1, done / total)
  const full = Math.floor(share * barColumns)
  const bar = '#'.repeat(full) + '·'.repeat(barColumns - full)
  const left = perMs > 0 ? `${Math.ceil((total - done) / perMs / 1000)} s left` : ''
  return `${task}  [${bar}]  ${Math.floor(share * 100)} %  ${speed}  ${left}`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Bytes in decimal units: `1.5 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
