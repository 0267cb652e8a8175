// What stands on the broker by default, in the package and in `millrace`.

import type { Extension } from '../broker/extension.ts'

export const extensions: readonly Extension[] = []
