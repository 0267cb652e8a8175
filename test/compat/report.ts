// Writes findings so that whoever mends them needs nothing else: the steps to type, both replies,
// and the seed that makes the whole episode again.
import { quoteWord } from '../resp-value.ts'
import { showReply } from './compare.ts'
import type { Command, Step } from './episode.ts'
import type { Finding } from './shrink.ts'

const replyCharsMax = 600

export function showCommand(command: Command): string {
  return command.map(quoteWord).join(' ')
}

function showStep(step: Step): string[] {
  if (step.kind === 'release') return [`   (CLIENT UNBLOCK connection ${step.conn} ${step.reason})`]
  const prefix = `${step.conn}> `
  if (step.kind === 'hold') return [`${prefix}${showCommand(step.command)}     (may block)`]
  if (step.kind === 'lapse') return [`${prefix}${showCommand(step.command)}     (wait 20 ms)`]
  return step.commands.map((command) => prefix + showCommand(command))
}

const short = (text: string): string =>
  text.length <= replyCharsMax ? text : `${text.slice(0, replyCharsMax)}… (${text.length} chars)`

/** A finding as text; connections are numbered from 0. */
export function showFinding(finding: Finding): string {
  const { episode, mismatch } = finding
  return [
    `${finding.kind}   (seed ${episode.seed}, RESP${episode.protocol})`,
    ...episode.steps.flatMap(showStep).map((line) => `  ${line}`),
    `  reply to ${short(showCommand(mismatch.command))}`,
    `    ours:  ${short(showReply(mismatch.ours))}`,
    `    redis: ${short(showReply(mismatch.theirs))}`,
  ].join('\n')
}
