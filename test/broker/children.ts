// The processes that a server began: what starts others for it, and those.

import { spawnSync } from 'node:child_process'

/** Pids of the processes that this one began and that run. */
export function childrenOf(pid: number): number[] {
  const found = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
  return found.stdout.split('\n').filter((line) => line !== '').map(Number)
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
