// What is asked of JetStream, and what it answers: streams by subject, the last message, acknowledgements.

import type { Msg } from 'nats'
import { headerNames } from './fields.ts'
import { ApiError } from './link.ts'
import type { Link } from './link.ts'
import type { Outcome } from './window.ts'

/** JetStream's errors that are about one message, not about the moment: too large, headers too large. */
const poisonCodes = new Set([10_054, 10_097])

/** The stream that takes the subject; `create` is the name of the one to make where none does. Throws. */
export async function streamOf(link: Link, subject: string, create: string | undefined): Promise<string> {
  const { streams } = await link.api<{ streams: string[] | null }>('STREAM.NAMES', { subject })
  if (streams !== null && streams.length > 0) return streams[0]!
  if (create === undefined) throw new Error(`no JetStream stream takes the subject ${subject}`)
  await link.api(`STREAM.CREATE.${create}`, {
    name: create, subjects: [subject], retention: 'limits', storage: 'file', num_replicas: 1,
  })
  return create
}

/** The Nats-Msg-Id of the last message that the stream has on the subject; undefined when there is none. Throws. */
export async function lastMessageId(link: Link, stream: string, subject: string): Promise<string | undefined> {
  try {
    const request = { last_by_subj: subject }
    const answer = await link.api<{ message: { hdrs?: string } }>(`STREAM.MSG.GET.${stream}`, request)
    const lines = Buffer.from(answer.message.hdrs ?? '', 'base64').toString('latin1').split('\r\n')
    const head = `${headerNames.messageId}: `
    return lines.find((line) => line.startsWith(head))?.slice(head.length)
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined
    throw error
  }
}

/** What became of a publish; the reason is `duplicate` for what was stored before. */
export function outcomeOf(message: Msg): [outcome: Outcome, reason: string] {
  if (message.headers?.code === 503) return ['refused', 'no JetStream stream takes the subject']
  const answer = message.json<{
    duplicate?: boolean, error?: { code: number, err_code: number, description: string }
  }>()
  if (answer.error === undefined) return ['stored', answer.duplicate === true ? 'duplicate' : '']
  const { err_code: errCode, description } = answer.error
  return [poisonCodes.has(errCode) ? 'poison' : 'refused', description]
}
