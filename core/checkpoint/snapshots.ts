// Snapshots in the making that began at different moments, each with its own cut: all of them hear of every change.

import type { Args } from '../args.ts'
import type { KeySpec } from '../commands/spec.ts'
import type { Engine, SnapshotHooks } from '../engine.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'

class Snapshots implements SnapshotHooks {
  readonly all: readonly SnapshotHooks[]

  constructor(all: readonly SnapshotHooks[]) {
    this.all = all
  }

  beforeCommand(keys: readonly KeySpec[], a: Args): void {
    for (const one of this.all) one.beforeCommand(keys, a)
  }

  beforeChange(db: Keyspace, entry: number, hash: number): void {
    for (const one of this.all) one.beforeChange(db, entry, hash)
  }

  created(db: Keyspace, buf: Uint8Array, from: number, to: number, hash: number): void {
    for (const one of this.all) one.created(db, buf, from, to, hash)
  }

  finish(): void {
    for (const one of this.all) one.finish()
  }
}

function membersOf(hooks: SnapshotHooks | undefined): readonly SnapshotHooks[] {
  if (hooks === undefined) return []
  return hooks instanceof Snapshots ? hooks.all : [hooks]
}

function join(all: readonly SnapshotHooks[]): SnapshotHooks | undefined {
  return all.length < 2 ? all[0] : new Snapshots(all)
}

/** The snapshot hears of what changes from now on. */
export function attachSnapshot(engine: Engine, snapshot: SnapshotHooks): void {
  engine.snapshot = join([...membersOf(engine.snapshot), snapshot])
}

/** It hears of nothing any more. */
export function detachSnapshot(engine: Engine, snapshot: SnapshotHooks): void {
  engine.snapshot = join(membersOf(engine.snapshot).filter((one) => one !== snapshot))
}
