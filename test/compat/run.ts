// The differential tester by hand:
//   node test/compat/run.ts --seed 1 --commands 20000 --family stream,generic
// starts ours and redis-server, plays random episodes on both, and prints each kind of mismatch
// with the shortest steps that show it. See README.md beside this file for all options.
import { parseArgs } from 'node:util'
import { startMillrace, startRedis, type Scope } from '../process.ts'
import { comparedSettings, findMismatches, missingCommands } from './campaign.ts'
import { families, type Family } from './episode.ts'
import { showFinding } from './report.ts'
import { readState, stateDifferences } from './state.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    commands: { type: 'string', default: '20000' },
    family: { type: 'string', default: Object.keys(families).join(',') },
    skip: { type: 'string', default: '' },
    episode: { type: 'string', default: '400' },
    findings: { type: 'string', default: '12' },
    ours: { type: 'string' },
    self: { type: 'boolean', default: false },
  },
})

const ends: (() => unknown)[] = []
const scope: Scope = { teardown: (end) => ends.unshift(end) }

function chosenFamilies(): Family[] {
  const names = values.family.split(',')
  const unknown = names.filter((name) => !(name in families))
  if (unknown.length > 0) throw new Error(`no family ${unknown.join(', ')}`)
  return names as Family[]
}

async function main(): Promise<boolean> {
  const args = comparedSettings
  const theirs = await startRedis(scope, { args })
  const ours = values.ours !== undefined ? { port: Number(values.ours) }
    : await (values.self ? startRedis : startMillrace)(scope, { args })

  const names = chosenFamilies()
  const skip = new Set(values.skip.toUpperCase().split(',').filter((name) => name !== ''))
  const missing = await missingCommands(ours.port, names)
  if (missing.length > 0) console.log(`not there yet, left out: ${missing.join(' ')}\n`)
  for (const name of missing) skip.add(name)

  const started = performance.now()
  const outcome = await findMismatches(ours.port, theirs.port, {
    seed: Number(values.seed), commands: Number(values.commands), skip,
    families: names, episodeCommands: Number(values.episode), findingsMax: Number(values.findings),
    onFinding: (finding) => console.log(`${showFinding(finding)}\n`),
  })
  for (const [kind, seen] of outcome.kinds) console.log(`${String(seen).padStart(6)} × ${kind}`)
  const tookMs = performance.now() - started
  console.log(`${outcome.played} commands in ${outcome.episodes} episodes, `
    + `${Math.round(tookMs)} ms, ${outcome.kinds.size} kinds of mismatch`)

  const differences = stateDifferences(await readState(ours.port), await readState(theirs.port))
  if (outcome.kinds.size === 0 && differences.length > 0) {
    console.log(`the states differ:\n${differences.join('\n')}`)
  }
  return outcome.kinds.size === 0 && differences.length === 0
}

try {
  process.exitCode = await main() ? 0 : 1
} finally {
  for (const end of ends) await end()
}
