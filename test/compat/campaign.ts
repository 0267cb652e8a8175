// A campaign: many episodes from consecutive seeds. Each mismatch is shrunk once per kind; a
// command that keeps differing is then left out, so that one gap doesn't hide the others.
import { RespClient } from '../resp-client.ts'
import { nameOf } from './containers.ts'
import { families, makeEpisode, type Family } from './episode.ts'
import { play, Side } from './runner.ts'
import { kindOf, shrink, type Finding } from './shrink.ts'
import { readState, stateDifferences } from './state.ts'

/**
 * Settings that both servers get, so that CONFIG GET and DEBUG answer the same, and that collections of a few elements
 * outgrow their small encoding.
 */
export const comparedSettings = [
  '--enable-debug-command', 'yes', '--save', '', '--hash-max-listpack-entries', '8',
  '--set-max-intset-entries', '8', '--zset-max-listpack-entries', '6', '--list-max-listpack-size', '8',
]

/** After so many mismatches a command is drawn no more. */
const mismatchesPerCommandMax = 3

export type Campaign = {
  seed: number
  commands: number
  families: readonly Family[]
  skip?: ReadonlySet<string>
  episodeCommands?: number
  findingsMax?: number
  onFinding?: (finding: Finding) => void
}

export type Outcome = {
  played: number
  episodes: number
  findings: Finding[]
  /** How often each kind of mismatch was seen. */
  kinds: Map<string, number>
  /** Differences between the states after episodes without a mismatch. */
  stateDifferences: string[]
}

export async function findMismatches(
  oursPort: number, theirsPort: number, campaign: Campaign,
): Promise<Outcome> {
  const ours = new Side(oursPort)
  const theirs = new Side(theirsPort)
  const skip = new Set(campaign.skip)
  const outcome: Outcome = {
    played: 0, episodes: 0, findings: [], kinds: new Map(), stateDifferences: [],
  }
  const mismatches = new Map<string, number>()
  const findingsMax = campaign.findingsMax ?? 10

  try {
    for (let seed = campaign.seed; outcome.played < campaign.commands; seed++) {
      const episode = makeEpisode(seed, campaign.episodeCommands ?? 400, {
        families: campaign.families, skip,
      })
      const mismatch = await play(ours, theirs, episode)
      outcome.episodes++
      outcome.played += mismatch === null ? episode.steps.length : mismatch.step + 1
      if (mismatch === null) {
        const differences = stateDifferences(await readState(oursPort), await readState(theirsPort))
        for (const line of differences) outcome.stateDifferences.push(`seed ${seed}: ${line}`)
        continue
      }

      const kind = kindOf(mismatch)
      const seen = outcome.kinds.get(kind) ?? 0
      outcome.kinds.set(kind, seen + 1)
      if (seen === 0) {
        const finding = await shrink(ours, theirs, { episode, mismatch, kind })
        outcome.findings.push(finding)
        campaign.onFinding?.(finding)
      }
      const name = nameOf(mismatch.command)
      mismatches.set(name, (mismatches.get(name) ?? 0) + 1)
      if (mismatches.get(name)! >= mismatchesPerCommandMax && name !== 'EXEC') skip.add(name)
      if (outcome.findings.length >= findingsMax) break
    }
  } finally {
    ours.close()
    theirs.close()
  }
  return outcome
}

/** The commands of the families that the server on this port does not know. */
export async function missingCommands(port: number, names: readonly Family[]): Promise<string[]> {
  const client = await RespClient.connect(port)
  try {
    const commands = [...new Set(names.flatMap((name) => families[name].map((row) => row.name)))]
    const known = commands.filter((name) => name !== 'NOPE')
    const arity = Array<string>(20).fill('x')
    const replies = await client.pipeline(known.map((name) => [name, ...arity]))
    return known.filter((_, i) => replies[i]!.toString('latin1').startsWith('-ERR unknown command'))
  } finally {
    client.destroy()
  }
}
