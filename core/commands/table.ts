// All commands that the engine runs by itself. The broker adds its own families.

import type { CommandSpec } from './spec.ts'

export const coreCommands: readonly CommandSpec[] = []
