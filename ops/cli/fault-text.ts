// A finding as the operator reads it: where, what kind, what it means and what to do; and as a program does.

import type { Fault, FaultKind } from '../../core/log/verify-segment.ts'

const names: Readonly<Record<FaultKind, string>> = {
  torn: 'torn tail', damage: 'damage', gap: 'gap', missing: 'missing', superfluous: 'superfluous',
}

/** What it means, and what to do. */
const advice: Readonly<Record<FaultKind, string>> = {
  torn: 'nothing acknowledged under appendfsync always is in it; the next start cuts it off and keeps the bytes aside',
  damage: 'the broker refuses to start from it; `millrace repair DIR --to NEW` copies what is whole',
  gap: 'the broker refuses to start from it; `millrace repair DIR --to NEW` copies what is before it',
  missing: 'put it back from a copy, or let `millrace repair DIR --to NEW` copy what is whole without it',
  superfluous: 'a start does not need it; it can be removed when you do not need it either',
}

export function timeText(ms: number): string {
  return new Date(ms).toISOString()
}

export function faultText(fault: Fault): string {
  const where = [fault.file]
  if (fault.offset >= 0) where.push(`byte ${fault.offset}`)
  if (fault.position >= 0) where.push(`position ${fault.position}`)
  const after = fault.resumes
  const resumes = after === undefined
    ? ''
    : `; whole frames go on at byte ${after.offset} with position ${after.position} (${timeText(after.ms)})`
  return `${where.join(', ')}: ${names[fault.kind]}: ${fault.reason}${resumes}. ${adviceOn(fault)}`
}

export function faultObject(fault: Fault): Record<string, unknown> {
  const { kind, file, offset, position, ms, reason, resumes } = fault
  return {
    type: 'finding', kind, file, offset: offset < 0 ? null : offset, position: position < 0 ? null : position,
    lastMs: ms === 0 ? null : ms, reason, resumes: resumes ?? null, advice: adviceOn(fault),
  }
}

function adviceOn(fault: Fault): string {
  const text = advice[fault.kind]
  return text[0]!.toUpperCase() + text.slice(1)
}
