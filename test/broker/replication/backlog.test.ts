// The backlog against a plain string of all bytes that were ever appended.

import test from 'ava'
import fc from 'fast-check'
import { Backlog } from '../../../broker/replication/backlog.ts'
import { backlogBlockBytes } from '../../../broker/limits.ts'

const sizes = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: backlogBlockBytes * 3 }))
const steps = fc.array(fc.oneof(
  sizes.map((size) => ({ kind: 'append' as const, size })),
  fc.double({ min: 0, max: 1, noNaN: true }).map((at) => ({ kind: 'trim' as const, at })),
), { maxLength: 40 })

/** All bytes from number `offset` on, block by block. */
function rest(backlog: Backlog, offset: number): Buffer {
  const parts: Buffer[] = []
  for (let bytes = backlog.read(offset); bytes.length > 0; bytes = backlog.read(offset)) {
    parts.push(bytes)
    offset += bytes.length
  }
  return Buffer.concat(parts)
}

test('what the backlog says it has can be read, and is what was appended', (t) => {
  fc.assert(fc.property(
    steps, fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 0, max: 1000 }), (plan, sizeBytes, before) => {
      const backlog = new Backlog(sizeBytes, before)
      let all = Buffer.alloc(0)
      let needed = before + 1
      for (const step of plan) {
        if (step.kind === 'append') {
          const bytes = Buffer.from(Array.from({ length: step.size }, (_, i) => (all.length + i) * 31))
          // A slice out of the middle, as frames come.
          backlog.append(Buffer.concat([Buffer.from('x'), bytes, Buffer.from('y')]), 1, 1 + bytes.length)
          all = Buffer.concat([all, bytes])
        } else {
          needed = Math.max(needed, before + 1 + Math.floor(step.at * all.length))
          backlog.trim(needed)
        }
        const last = before + all.length
        t.is(backlog.last, last)
        t.true(backlog.first <= needed, 'a replica that is behind finds its next byte')
        t.is(backlog.length, Math.min(sizeBytes, last + 1 - backlog.first))
        t.true(backlog.has(last + 1))
        t.false(backlog.has(last + 2))
        t.true(backlog.has(last + 1 - backlog.length))
        t.false(backlog.has(last - backlog.length))
        t.true(backlog.length === sizeBytes || backlog.first === before + 1, 'no less is kept than the size says')
        for (const offset of [needed, last + 1 - backlog.length, last + 1]) {
          t.deepEqual(rest(backlog, offset), all.subarray(offset - before - 1))
        }
      }
    }), { numRuns: 20 })
})

test('trimming gives up whole blocks, and keeps what the size asks for', (t) => {
  const backlog = new Backlog(10, 0)
  const chunk = Buffer.alloc(backlogBlockBytes, 1)
  for (let i = 0; i < 8; i++) {
    backlog.append(chunk, 0, chunk.length)
    backlog.trim(backlog.last + 1)
    t.true(backlog.memoryBytes <= 2 * backlogBlockBytes)
    t.is(backlog.length, 10)
  }
})
