// All commands that the engine runs by itself. The broker adds its own families.

import { bitmapCommands } from './bitmap.ts'
import { databaseCommands } from './database.ts'
import { genericCommands } from './generic.ts'
import { geoRadiusCommands } from './geo-radius-spec.ts'
import { geoPlaceCommands } from './geo-spec.ts'
import { hyperloglogCommands } from './hyperloglog.ts'
import { hashCommands } from './hash.ts'
import { setCommands } from './set-spec.ts'
import { listCommands } from './list-spec.ts'
import { sortCommands } from './sort-spec.ts'
import type { CommandSpec } from './spec.ts'
import { streamEntryCommands } from './stream-entries-spec.ts'
import { streamGroupCommands } from './stream-groups-spec.ts'
import { stringCommands } from './string.ts'
import { zsetCombineCommands } from './zset-combine-spec.ts'
import { zsetRangeCommands } from './zset-range-spec.ts'
import { zsetMemberCommands } from './zset-spec.ts'

export const coreCommands: readonly CommandSpec[] = [
  ...genericCommands,
  ...stringCommands,
  ...bitmapCommands,
  ...hyperloglogCommands,
  ...hashCommands,
  ...setCommands,
  ...sortCommands,
  ...listCommands,
  ...streamEntryCommands,
  ...streamGroupCommands,
  ...zsetMemberCommands,
  ...zsetRangeCommands,
  ...zsetCombineCommands,
  ...geoPlaceCommands,
  ...geoRadiusCommands,
  ...databaseCommands,
]
