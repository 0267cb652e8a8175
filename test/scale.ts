// How much the long tests do: little by default, all of it under CI or with MILLRACE_TEST_FULL=1.
// This is the one place where the environment is asked.

/** Jobs that go through the job queue and through the worker SDK, for who wants to see more of them. */
const jobs = Number(process.env['MILLRACE_TEST_JOBS'] ?? 0)
const full = Boolean(process.env['CI']) || process.env['MILLRACE_TEST_FULL'] === '1'

export const scale = {
  full,
  /** The first seed of random tests; the default keeps runs the same from day to day. */
  seed: Number(process.env['MILLRACE_TEST_SEED'] ?? 1),
  differentialCommands: full ? 510_000 : 40_000,
  jobs: jobs || (full ? 100_000 : 12_000),
  workerJobs: jobs || (full ? 10_000 : 4_000),
  sdkBrokerKills: full ? 3 : 2,
  projectedEntries: full ? 6_000 : 4_000,
  projectionKills: full ? 8 : 5,
  /** Rounds of kills while checkpoints are made, in each of two lanes: one and a half kills a round, and more. */
  killRounds: full ? 58 : 5,
  brokerKills: full ? 20 : 5,
  /** Kills and cuts in the middle of replication, for each pair of servers. */
  replicationKills: full ? 8 : 4,
  suddenDisconnects: full ? 10_000 : 2_000,
  /** Messages over two bridges, and how often each of broker, broker and NATS server is killed meanwhile. */
  bridgedMessages: full ? 100_000 : 10_000,
  bridgeKills: full ? 4 : 2,
  /** Members of the collections that are tested at their largest. */
  members: full ? 1_000_000 : 150_000,
  fuzzRounds: full ? 4_000 : 800,
} as const
