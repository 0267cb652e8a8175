// What stands on the broker without being part of it: commands of its own, and a part in each turn. The folders to the
// right of this one (consumers, ops) give extensions; the broker knows none of them by name.

import type { Broker } from './broker.ts'
import type { BrokerSpec } from './command.ts'
import type { Lines } from './commands/info-sections.ts'
import type { Metric } from './metric.ts'

/** A section of INFO: `name` as clients ask for it, `title` as it is headed. */
export type InfoSection = { name: string, title: string, lines: () => Lines }

/** An extension at work on one broker. */
export type Attachment = {
  /** The data is loaded, clients are about to be served. */
  started?: () => void
  /** A turn has ended; `appended` is the position of the last entry. Called at each turn: it must be quick. */
  turnEnded?: (appended: number) => void
  /** Ten times a second. */
  tick?: (monotonicMs: number) => void
  /** The broker is about to stop: nobody new comes in, and what is written until it resolves is still logged. */
  stopping?: () => Promise<void>
  info?: readonly InfoSection[]
  /** Figures for whoever collects them, every few seconds; not asked for in loading, or in the midst of a script. */
  metrics?: () => readonly Metric[]
}

export type Extension = {
  readonly name: string
  /**
   * Commands beside the usual ones. They have `serve`, and log their effects as commands of core: whoever folds the log
   * elsewhere (a compaction, an export, redis-server) knows no others.
   */
  readonly commands?: readonly BrokerSpec[]
  /** Subcommands beside the usual ones of a container: `{ xgroup: […] }`. */
  readonly subcommands?: Readonly<Record<string, readonly BrokerSpec[]>>
  /** Called when the broker is made, before anything is loaded. */
  attach(broker: Broker): Attachment
}

/** The extensions of one broker. */
export class Extensions {
  readonly info: readonly InfoSection[]
  /** Some want to hear of each turn. */
  readonly followTurns: boolean
  private readonly attachments: readonly Attachment[]
  private readonly turnFollowers: readonly NonNullable<Attachment['turnEnded']>[]

  constructor(broker: Broker, extensions: readonly Extension[]) {
    this.attachments = extensions.map((extension) => extension.attach(broker))
    this.info = this.attachments.flatMap((attachment) => attachment.info ?? [])
    this.turnFollowers = this.attachments.flatMap(({ turnEnded }) => turnEnded ?? [])
    this.followTurns = this.turnFollowers.length > 0
  }

  started(): void {
    for (const attachment of this.attachments) attachment.started?.()
  }

  metrics(): Metric[] {
    return this.attachments.flatMap((attachment) => attachment.metrics?.() ?? [])
  }

  turnEnded(appended: number): void {
    for (const turnEnded of this.turnFollowers) turnEnded(appended)
  }

  tick(monotonicMs: number): void {
    for (const attachment of this.attachments) attachment.tick?.(monotonicMs)
  }

  /** Resolves when all have ended; one that fails to does not keep the others. */
  async stopping(): Promise<void> {
    await Promise.allSettled(this.attachments.map((attachment) => attachment.stopping?.()))
  }
}

/** The usual commands with those of the extensions among them. */
export function joinCommands(usual: readonly BrokerSpec[], extensions: readonly Extension[]): BrokerSpec[] {
  const more = new Map<string, readonly BrokerSpec[]>()
  for (const { subcommands = {} } of extensions) {
    for (const [container, specs] of Object.entries(subcommands)) {
      more.set(container, [...more.get(container) ?? [], ...specs])
    }
  }
  const joined = usual.map((spec) => {
    const added = more.get(spec.name)
    more.delete(spec.name)
    return added === undefined ? spec : { ...spec, subcommands: [...spec.subcommands ?? [], ...added] }
  })
  for (const container of more.keys()) throw new Error(`no command ${container} to add subcommands to`)
  return [...joined, ...extensions.flatMap(({ commands }) => commands ?? [])]
}
