// Histories: which replica may go on, and from where.

import test from 'ava'
import { realRandom } from '../../../core/random.ts'
import { ReplicationState } from '../../../broker/replication/replication-state.ts'

const noId = '0'.repeat(40)

test('without a backlog nothing is kept, and nobody can go on', (t) => {
  const state = new ReplicationState(realRandom())
  state.feed(Buffer.from('lost'))
  t.is(state.masterReplOffset, 0)
  t.false(state.continues(state.replid, 1))
  t.regex(state.replid, /^[0-9a-f]{40}$/)
  t.is(state.replid2, noId)
})

test('a replica goes on from any byte that is kept, and from the end', (t) => {
  const state = new ReplicationState(realRandom())
  state.openBacklog(4)
  state.feed(Buffer.from('abcdef'))
  t.is(state.masterReplOffset, 6)
  t.deepEqual([1, 2, 3, 7, 8].map((next) => state.continues(state.replid, next)), [false, false, true, true, false])
  t.true(state.continues(state.replid.toUpperCase(), 7))
  t.false(state.continues(noId, 7))
})

test('after a branch the old history is good up to the branch', (t) => {
  const state = new ReplicationState(realRandom())
  state.openBacklog(100)
  state.feed(Buffer.from('abc'))
  const before = state.replid
  state.branchHistory()
  state.feed(Buffer.from('def'))
  t.is(state.replid2, before)
  t.is(state.secondReplOffset, 4)
  t.deepEqual([1, 4, 5].map((next) => state.continues(before, next)), [true, true, false])
  t.deepEqual([1, 4, 5, 7].map((next) => state.continues(state.replid, next)), [true, true, true, true])
  state.newHistory()
  t.false(state.continues(before, 4))
})

test('who adopts a history begins behind its offset', (t) => {
  const state = new ReplicationState(realRandom())
  state.openBacklog(100)
  state.feed(Buffer.from('abc'))
  const other = 'ab'.repeat(20)
  state.adopt(other, 500)
  t.deepEqual([500, 501, 502].map((next) => state.continues(other, next)), [false, true, false])
  state.feed(Buffer.from('d'))
  t.is(state.masterReplOffset, 501)
  state.renameHistory('cd'.repeat(20))
  t.true(state.continues(other, 502))
  t.true(state.continues('cd'.repeat(20), 501))
})
