// Schedules: what appends to a stream again and again. A schedule is a field of the hash `millrace:schedules`, and its
// next run an item of what is due; both named by the stream's key and its own name.
//
//   field   <length of key> <key><name>
//   value   when, time zone, field, value …      as a RESP array
//
// A run that was missed, because nobody served, is made up for once; then comes the next one from now.

import { Args, encodeWords, frameCommand } from '../../core/args.ts'
import { dueKey } from '../../core/commands/stream-delay.ts'
import { parseSchedule } from './cron.ts'
import type { Scene } from './writer.ts'

export const schedulesKey = 'millrace:schedules'

/** `when` and `zone` as they were given; then fields and values. */
export type ScheduleWords = { when: string, zone: string, fields: Buffer[] }

export function scheduleName(key: Buffer, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${key.length} `), key, name])
}

/** Key and name of a schedule, undefined when it is none's. */
export function splitName(field: Buffer): { key: Buffer, name: Buffer } | undefined {
  const blank = field.indexOf(32)
  const length = Number(field.toString('latin1', 0, blank))
  if (blank < 1 || !(length >= 0) || blank + 1 + length > field.length) return undefined
  return { key: field.subarray(blank + 1, blank + 1 + length), name: field.subarray(blank + 1 + length) }
}

export function dueMember(field: Buffer): Buffer {
  return Buffer.concat([Buffer.from('c '), field])
}

export function encodeSchedule({ when, zone, fields }: ScheduleWords): Buffer {
  return encodeWords([when, zone, ...fields])
}

/** Undefined when the value is none of a schedule. */
export function decodeSchedule(value: Buffer): ScheduleWords | undefined {
  const args = new Args()
  if (frameCommand(args, value, 0, value.length) !== value.length) return undefined
  if (args.count < 4 || args.count % 2 === 1) return undefined
  const fields = Array.from({ length: args.count - 2 }, (_, i) => args.copy(i + 2))
  return { when: args.copy(0).toString(), zone: args.copy(1).toString(), fields }
}

/** Appends the entry of the schedule `field`, whose run was due at `atMs`, and sets its next time. */
export function runSchedule(scene: Scene, member: Buffer, field: Buffer, atMs: number): void {
  const { writer } = scene
  const value = writer.call(['HGET', schedulesKey, field])
  const schedule = Buffer.isBuffer(value) ? decodeSchedule(value) : undefined
  const owner = splitName(field)
  if (schedule === undefined || owner === undefined) {
    writer.call(['ZREM', dueKey, member])
    return
  }
  writer.call(['XADD', owner.key, '*', ...schedule.fields])
  const next = parseSchedule(schedule.when, schedule.zone).next(scene.engine.now, atMs)
  writer.call(['ZADD', dueKey, String(next), member])
}
