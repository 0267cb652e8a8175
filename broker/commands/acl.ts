// ACL: so far only who one is.

import type { BrokerSpec } from '../command.ts'
import { bindSubcommands } from './bind.ts'
import { aclSpec } from './server-spec.ts'

export const aclCommands: readonly BrokerSpec[] = [bindSubcommands(aclSpec, {
  whoami: (c, _, r) => r.text(c.user),
})]
