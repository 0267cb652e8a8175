// What checkpoints cost: the process that folds a log whose base is large and whose tail is small, and what BGSAVE does
// to those who write meanwhile.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Compaction } from '../../broker/persistence/compaction-process.ts'
import { defaultSettings } from '../../core/settings.ts'
import { nameOf, writeStrings } from './checkpoint-files.ts'
import { ask } from './contestants.ts'
import { latencyUnderWrites } from './latency.ts'
import { throughput } from './throughput.ts'

const valueBytes = 450
const touchedKeys = 10_000
/** Keys of a base of 2 GB. */
const baseKeys = 4_500_000
/** Touched keys lie apart from each other. */
const stride = 7919

export type CompactionFigures = { seconds: number; peakMegabytes: number; megabytes: number }

function writeTail(file: string, keys: number): void {
  const lines = ['*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n']
  for (let i = 0; i < touchedKeys; i++) {
    lines.push(`*3\r\n$6\r\nAPPEND\r\n$16\r\n${nameOf((i * stride) % keys)}\r\n$1\r\n!\r\n`)
  }
  writeFileSync(file, lines.join(''))
}

/** Folds 10,000 touched keys into a base of 2 GB (× `scale`) by the real child process, `rounds` times. */
export async function compactions(rounds: number, scale: number): Promise<CompactionFigures[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'millrace-bench-'))
  try {
    const [base, tail, target] = ['base.rdb', '1.aof', 'new.rdb'].map((name) => path.join(folder, name))
    const keys = Math.round(baseKeys * scale)
    writeStrings(base!, keys, valueBytes)
    writeTail(tail!, keys)
    const figures: CompactionFigures[] = []
    for (let round = 0; round < rounds; round++) {
      const { elapsedMs, peakBytes, keysFolded } = await new Compaction({
        base: base!, segments: [tail!], target: target!, databases: 16, settings: defaultSettings(), aux: {},
        checksum: true, verify: false,
      }).done
      if (keysFolded < touchedKeys / 2) throw new Error(`only ${keysFolded} keys were folded`)
      figures.push({
        seconds: elapsedMs / 1000, peakMegabytes: peakBytes / 2 ** 20, megabytes: statSync(target!).size / 1e6,
      })
    }
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One BGSAVE follows the other until `state.over`. Throws when none began, or ran already. */
async function saveAgain(port: number, state: { over: boolean }): Promise<void> {
  let saves = 0
  let refusal = ''
  while (!state.over) {
    const answer = await ask(port, 'BGSAVE')
    if (answer.startsWith('+') || answer.includes('in progress')) saves++
    else refusal = answer
    await sleep(100)
    while (!state.over && (await ask(port, 'INFO persistence')).includes('rdb_bgsave_in_progress:1')) await sleep(50)
  }
  if (saves === 0) throw new Error(`no BGSAVE began: ${refusal}`)
}

async function underSaves<T>(port: number, work: () => Promise<T>): Promise<T> {
  const state = { over: false }
  const worked = work().finally(() => {
    state.over = true
  })
  const [result] = await Promise.all([worked, saveAgain(port, state)])
  return result
}

/** SETs a second, 16 deep, and p99.9 (µs) of a GET among SETs at full speed; `saves`: while BGSAVE runs. */
export async function underLoad(port: number, saves: boolean, scale: number): Promise<{ rate: number; p999: number }> {
  const during = <T>(work: () => Promise<T>): Promise<T> => (saves ? underSaves(port, work) : work())
  const rate = await during(() => throughput(port, 'set', 16, 2_000_000 * scale))
  const { p999 } = await during(() => latencyUnderWrites(port, 20_000 * scale, false))
  return { rate, p999 }
}
