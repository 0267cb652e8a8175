// What stands on the broker by default, in the package and in `millrace`.

import type { Extension } from '../broker/extension.ts'
import { bridgeExtension } from './bridge/extension.ts'
import { logStreams } from './log-stream/extension.ts'
import { policies } from './policies/policies.ts'
import { timeTravel } from './time-travel/time-travel.ts'

export const extensions: readonly Extension[] = [bridgeExtension, logStreams, policies, timeTravel]
