import test from 'ava'
import { dueRule, rewriteDue } from '../../../broker/persistence/save-rules.ts'

const rules = [{ seconds: 900, changes: 1 }, { seconds: 60, changes: 100 }]
const usual = { nowMs: 10_000_000, lastSaveMs: 10_000_000, lastTryMs: 0, lastFailed: false, changes: 0 }

test('a rule is due when more than its seconds have passed and at least its changes were made', (t) => {
  const after = (seconds: number, changes: number) => dueRule(rules, { ...usual, nowMs: usual.nowMs + seconds * 1000, changes })
  t.is(after(901, 0), undefined)
  t.is(after(900, 1), undefined)
  t.is(after(901, 1), rules[0])
  t.is(after(61, 99), undefined)
  t.is(after(60, 100), undefined)
  t.is(after(61, 100), rules[1])
  t.is(dueRule([], { ...usual, nowMs: 2 * usual.nowMs, changes: 1e9 }), undefined)
})

test('after a failure the rules wait five seconds', (t) => {
  const state = { ...usual, nowMs: usual.nowMs + 1_000_000, changes: 5, lastFailed: true }
  t.is(dueRule(rules, { ...state, lastTryMs: state.nowMs - 5000 }), undefined)
  t.is(dueRule(rules, { ...state, lastTryMs: state.nowMs - 5001 }), rules[0])
  t.is(dueRule(rules, { ...state, lastTryMs: state.nowMs, lastFailed: false }), rules[0])
})

test('the log is rewritten when it has grown by so many per cent and is larger than the least size', (t) => {
  t.false(rewriteDue(1000, 500, 0, 10))
  t.false(rewriteDue(1000, 500, 100, 1000))
  t.true(rewriteDue(1000, 500, 100, 999))
  t.false(rewriteDue(999, 500, 100, 10))
  t.true(rewriteDue(1000, 0, 100, 10))
})
