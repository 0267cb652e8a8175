// The tester itself: it finds a difference that was planted in one of two redis-servers, shrinks
// it to a few steps, and its rules let pass only what they should.
import test from 'ava'
import { requireRedis, startRedis } from '../process.ts'
import { findMismatches } from './campaign.ts'
import { sameReply } from './compare.ts'
import { showFinding } from './report.ts'

test('a planted difference is found and shrunk to the steps that it needs', async (t) => {
  t.timeout(10 * 60_000)
  if (!requireRedis(t)) return
  const usual = await startRedis(t)
  const planted = await startRedis(t, { args: ['--stream-node-max-entries', '1'] })

  const outcome = await findMismatches(planted.port, usual.port, {
    seed: 1, commands: 4_000, families: ['string', 'stream'], findingsMax: 2,
    skip: new Set(['XINFO']),
  })
  t.true(outcome.findings.length > 0)
  for (const finding of outcome.findings) {
    t.true(finding.episode.steps.length <= 6, showFinding(finding))
    t.regex(showFinding(finding), /~/, 'only approximate trimming differs')
  }
})

const reply = (text: string): Buffer => Buffer.from(text.replaceAll('|', '\r\n'), 'latin1')

for (const [title, command, ours, theirs, same] of [
  ['equal bytes', ['GET', 'k'], '$1|a|', '$1|a|', true],
  ['other bytes', ['GET', 'k'], '$1|a|', '$1|b|', false],
  ['a bulk for a status', ['GET', 'k'], '$2|OK|', '+OK|', false],
  ['remaining time close by', ['PTTL', 'k'], ':99998|', ':99990|', true],
  ['remaining time far off', ['PTTL', 'k'], ':99998|', ':80000|', false],
  ['no expiry for a short one', ['PTTL', 'k'], ':-1|', ':1|', false],
  ['keys in another order', ['KEYS', '*'], '*2|$1|a|$1|b|', '*2|$1|b|$1|a|', true],
  ['other keys', ['KEYS', '*'], '*1|$1|a|', '*1|$1|b|', false],
  ['other values in another order', ['MGET', 'a', 'b'], '*2|$1|a|$1|b|', '*2|$1|b|$1|a|', false],
  ['idle times', ['XPENDING', 'k', 'g', '-', '+', '9'],
    '*1|*4|$3|1-1|$1|c|:3|:1|', '*1|*4|$3|1-1|$1|c|:9|:1|', true],
  ['delivery counts', ['XPENDING', 'k', 'g', '-', '+', '9'],
    '*1|*4|$3|1-1|$1|c|:3|:1|', '*1|*4|$3|1-1|$1|c|:3|:2|', false],
  ['a field of 7.2', ['XINFO', 'CONSUMERS', 'k', 'g'],
    '*1|*4|$4|name|$1|c|$8|inactive|:5|', '*1|*2|$4|name|$1|c|', true],
  ['a missing field', ['XINFO', 'CONSUMERS', 'k', 'g'],
    '*1|*2|$4|name|$1|c|', '*1|*4|$4|name|$1|c|$7|pending|:0|', false],
  ['another error', ['INFO'], '-ERR a|', '-ERR b|', false],
] as const) {
  test(`${title}: ${same ? 'may pass' : 'is a mismatch'}`, (t) => {
    t.is(sameReply(command, reply(ours), reply(theirs)), same)
  })
}

test('the replies inside EXEC are compared by the commands that were queued', (t) => {
  const queued = [['PTTL', 'k'], ['INCR', 'n']]
  t.true(sameReply(['EXEC'], reply('*2|:5001|:1|'), reply('*2|:5003|:1|'), queued))
  t.false(sameReply(['EXEC'], reply('*2|:5001|:1|'), reply('*2|:5001|:2|'), queued))
})
