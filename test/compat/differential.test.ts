// Random commands against redis-server: the same replies, the same state, and the same state again
// after a restart and in a redis-server that starts from a copy of our directory.
import { cpSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import {
  checkAof, requireRedis, startMillrace, startRedis, temporaryDirectory, type ServerProcess,
} from '../process.ts'
import { scale } from '../scale.ts'
import { comparedSettings, findMismatches, missingCommands } from './campaign.ts'
import { families, makeEpisode, type Family } from './episode.ts'
import { showFinding } from './report.ts'
import { play, Side } from './runner.ts'
import { readState, stateDifferences } from './state.ts'

const allFamilies = Object.keys(families) as Family[]
const args = comparedSettings
const lastEpisodeCommands = 3_000

test.serial('replies and state equal redis-server\'s, and survive in the log', async (t) => {
  t.timeout(20 * 60_000)
  if (!requireRedis(t)) return
  const theirs = await startRedis(t, { args })
  const ours = await startMillrace(t, { args })
  t.deepEqual(await missingCommands(ours.port, allFamilies), [], 'every command is known')

  const outcome = await findMismatches(ours.port, theirs.port, {
    seed: scale.seed, commands: scale.differentialCommands, families: allFamilies,
  })
  for (const finding of outcome.findings) t.fail(`\n${showFinding(finding)}\n`)
  t.deepEqual(outcome.stateDifferences.slice(0, 5), [])
  t.log(`${outcome.played} commands in ${outcome.episodes} episodes`)

  await playLastEpisode(t, ours, theirs)
  await restartKeepsState(t, ours)
  await redisReadsOurLog(t, ours)
})

/** A long episode without flushes, so that much is there to be kept. */
async function playLastEpisode(
  t: ExecutionContext, ours: ServerProcess, theirs: ServerProcess,
): Promise<void> {
  const sides = [new Side(ours.port), new Side(theirs.port)] as const
  const episode = makeEpisode(scale.seed + 1_000_000, lastEpisodeCommands, {
    families: allFamilies, skip: new Set(['FLUSHALL', 'FLUSHDB']),
  })
  const mismatch = await play(sides[0], sides[1], episode)
  for (const side of sides) side.close()
  t.is(mismatch, null, `seed ${episode.seed}`)
  t.deepEqual(stateDifferences(await readState(ours.port), await readState(theirs.port)), [])
}

async function restartKeepsState(t: ExecutionContext, ours: ServerProcess): Promise<void> {
  const before = await readState(ours.port)
  await ours.restart()
  t.deepEqual(stateDifferences(before, await readState(ours.port), 'restart'), [])
}

async function redisReadsOurLog(t: ExecutionContext, ours: ServerProcess): Promise<void> {
  const before = await readState(ours.port)
  t.is(await ours.terminate(), 0, ours.output)

  const dir = temporaryDirectory(t)
  cpSync(ours.dir, dir, { recursive: true })
  const checked = checkAof(dir)
  t.true(checked.ok, checked.output)

  const copy = await startRedis(t, { dir, args })
  t.deepEqual(stateDifferences(before, await readState(copy.port), 'copy'), [])
}
