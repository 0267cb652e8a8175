// LOLWUT: a mill race, drawn anew each time, and the version.

import type { Args } from '../../core/args.ts'
import type { Random } from '../../core/random.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { millraceVersion, redisVersion } from '../product.ts'
import { lolwutSpec } from './server-spec.ts'

const columns = 40
const rows = 7
const water = ['~', '~', '-', '≈', '~', '_']

const wheels = [
  ['  \\ | /  ', '--- o ---', '  / | \\  '],
  [' . \\ / . ', '.  (o)  .', ' . / \\ . '],
]

/** Water that runs under a wheel; the wheel's spokes stand as chance will have it. */
export function drawMill(random: Random): string {
  const wheelAt = 8 + (random.u32() % (columns - 20))
  const spokes = wheels[random.u32() % wheels.length]!
  const lines: string[] = []
  for (let row = 0; row < rows; row++) {
    const spoke = spokes[row - 1]
    let line = ''
    for (let at = 0; at < columns; at++) {
      if (spoke !== undefined && at >= wheelAt && at < wheelAt + spoke.length) line += spoke[at - wheelAt]!
      else line += row > 2 ? water[random.u32() % water.length]! : ' '
    }
    lines.push(line.trimEnd())
  }
  return lines.join('\n')
}

function lolwut(c: Connection, a: Args, r: Reply): void {
  if (a.count > 2 && a.is(1, 'VERSION') && Number.isNaN(a.int(2))) {
    return r.error('ERR value is not an integer or out of range')
  }
  const picture = drawMill(c.broker.engine.random)
  r.verbatim('txt', `${picture}\n\nMillrace ver. ${millraceVersion} (Redis ver. ${redisVersion})\n`)
}

export const lolwutCommands: readonly BrokerSpec[] = [{ ...lolwutSpec, serve: lolwut }]
