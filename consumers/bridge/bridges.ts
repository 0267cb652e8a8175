// The bridges of a broker: which there are, which of them work, and the connection that they share.
//
// Those of the configuration stand as long as it says so; those that BRIDGE ADD made are kept in the log, and so is
// where each bridge stands. While the broker is a replica none works: what they keep comes from the master, and after a
// promotion they go on from there.

import type { Broker } from '../../broker/broker.ts'
import type { Lines } from '../../broker/commands/info-sections.ts'
import { ConfigError } from '../../broker/config/config.ts'
import { brokerGates } from '../../broker/gates.ts'
import { ReplyError } from '../../broker/inner-client.ts'
import { replies } from '../../core/errors.ts'
import { Channels, ChannelsRunner } from './channels.ts'
import { parseDefinition, wordsText, Wrong } from './definition.ts'
import type { Definition, Words } from './definition.ts'
import { EventsRunner } from './events.ts'
import { Link } from './link.ts'
import type { Runner, Surroundings } from './runner.ts'
import { State } from './state.ts'
import { StreamIn } from './stream-in.ts'
import { StreamOut } from './stream-out.ts'

/** A bridge and, while it works, what does its work. */
type Place = {
  definition: Definition
  /** It stands in the configuration. */
  fixed: boolean
  paused: boolean
  runner: Runner | undefined
  /** Why it has no runner. */
  problem: string
}

/** What BRIDGE LIST and BRIDGE INFO tell of one. */
export type BridgeFacts = {
  name: string, kind: string, definition: string, source: 'config' | 'command', phase: string, error: string
  figures: Lines
}

export class Bridges {
  readonly link: Link
  private readonly broker: Broker
  private readonly state: State
  private readonly fixed: Map<string, Definition>
  private places: Map<string, Place>
  private channels: Channels | undefined
  private around: Surroundings | undefined
  private stopped: boolean
  private readonly follow: () => void

  constructor(broker: Broker) {
    this.broker = broker
    this.state = new State(broker)
    this.link = new Link(broker, {
      connected: () => this.eachRunner((runner) => runner.connected()),
      disconnected: () => this.eachRunner((runner) => runner.disconnected()),
      refused: (operation, subject) => this.eachRunner((runner) => runner.refused(operation, subject)),
    })
    this.fixed = configured(broker)
    this.places = new Map()
    this.channels = undefined
    this.around = undefined
    this.stopped = false
    this.follow = () => this.eachRunner((runner) => runner.logProgressed())
    broker.config.onChange([
      'bridge-nats-url', 'bridge-nats-user', 'bridge-nats-password', 'bridge-nats-token', 'bridge-nats-nkey-file',
      'bridge-nats-creds-file', 'bridge-nats-tls', 'bridge-nats-tls-ca-file', 'bridge-nats-tls-cert-file',
      'bridge-nats-tls-key-file', 'bridge-nats-domain',
    ], () => this.link.reset('the settings changed'))
  }

  // What the broker calls.

  turnEnded(appended: number): void {
    for (const { runner } of this.places.values()) runner?.turnEnded(appended)
  }

  tick(monotonicMs: number): void {
    if (this.stopped || !this.state.ready) return
    if (this.passive) {
      if (this.around !== undefined) this.rest()
      return
    }
    if (this.around === undefined) this.wake()
    for (const place of this.places.values()) {
      if (place.runner === undefined && !place.paused) this.startRunner(place)
      place.runner?.tick(monotonicMs)
    }
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.eachRunner((runner) => runner.stop())
    this.places.clear()
    await this.link.close()
  }

  // What the commands call.

  /** Throws Wrong and ReplyError. */
  add(name: string, words: Words): void {
    const definition = this.parse(name, words)
    this.lead()
    if (this.places.has(name)) throw new Wrong(`ERR a bridge of the name '${name}' exists`)
    this.state.define(name, words)
    this.places.set(name, { definition, fixed: false, paused: false, runner: undefined, problem: '' })
    this.startRunner(this.places.get(name)!)
    this.adjustLink()
  }

  /** Removes it, and forgets where it stood. Throws Wrong and ReplyError. */
  remove(name: string): void {
    const place = this.find(name)
    if (place.fixed) throw new Wrong(`ERR the bridge '${name}' stands in the configuration`)
    place.runner?.stop()
    // Where it can't be removed now, it is started again.
    place.runner = undefined
    this.state.undefine(name)
    this.places.delete(name)
    this.adjustLink()
  }

  /** Throws Wrong and ReplyError. */
  pause(name: string): void {
    const place = this.find(name)
    this.state.write(name, { paused: 1 })
    place.paused = true
    place.runner?.stop()
    place.runner = undefined
    this.adjustLink()
  }

  /** Throws Wrong and ReplyError. */
  resume(name: string): void {
    const place = this.find(name)
    this.state.erase(name, 'paused')
    place.paused = false
    if (place.runner === undefined) this.startRunner(place)
    this.adjustLink()
  }

  /** All bridges in the order of their names. */
  list(): BridgeFacts[] {
    if (this.state.loading) return []
    const places = this.around === undefined ? this.read() : this.places
    return [...places.values()].toSorted((a, b) => (a.definition.name < b.definition.name ? -1 : 1))
      .map((place) => this.factsOf(place))
  }

  get size(): number {
    return this.places.size
  }

  private find(name: string): Place {
    this.lead()
    const place = this.places.get(name)
    if (place === undefined) throw new Wrong(`ERR no bridge of the name '${name}'`)
    return place
  }

  private factsOf({ definition, fixed, paused, runner, problem }: Place): BridgeFacts {
    const { name, kind, words } = definition
    const phase = paused ? 'paused' : this.passive ? 'passive' : runner?.phase ?? 'down'
    return {
      name, kind, definition: wordsText(words), source: fixed ? 'config' : 'command', phase,
      error: runner?.error ?? problem, figures: runner?.figures() ?? [],
    }
  }

  // Work and rest.

  private get passive(): boolean {
    return (this.broker.gates & brokerGates.replica) !== 0
  }

  /** Before anything is changed: what a replica keeps is its master's. Throws Wrong. */
  private lead(): void {
    if (this.passive) throw new Wrong(replies.readOnlyReplica)
    this.wake()
  }

  private wake(): void {
    if (this.around !== undefined) return
    const { broker, link, state } = this
    this.places = this.read()
    // A broker without bridges leaves no trace in its log.
    this.around = { broker, link, state, origin: '' }
    this.adjustLink()
  }

  private rest(): void {
    this.eachRunner((runner) => runner.stop())
    this.places = new Map()
    this.around = undefined
    this.channels = undefined
    this.closeLink()
  }

  /** The bridges of the configuration and of the log. */
  private read(): Map<string, Place> {
    const places = new Map<string, Place>()
    const place = (definition: Definition, fixed: boolean): void => {
      const paused = this.state.read(definition.name).has('paused')
      places.set(definition.name, { definition, fixed, paused, runner: undefined, problem: '' })
    }
    for (const definition of this.fixed.values()) place(definition, true)
    for (const [name, words] of this.state.definitions()) {
      try {
        if (!places.has(name)) place(this.parse(name, words), false)
      } catch (error) {
        if (!(error instanceof Wrong)) throw error
        this.broker.report('warning', `bridge ${name}: what the log keeps of it can't be read: ${error.message}`)
      }
    }
    return places
  }

  private startRunner(place: Place): void {
    try {
      place.runner = this.runnerOf(place.definition)
      place.problem = ''
      if (this.link.up) place.runner.connected()
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      place.problem = error.message
    }
  }

  private runnerOf(definition: Definition): Runner {
    const around = this.surroundings()
    switch (definition.kind) {
      case 'channels': return new ChannelsRunner(around, definition, this.channels!)
      case 'events': return new EventsRunner(around, definition)
      case 'stream-out': return new StreamOut(around, definition)
      case 'stream-in': return new StreamIn(around, definition)
    }
  }

  /** With our id, which is made for the first bridge. */
  private surroundings(): Surroundings {
    const { around } = this
    if (around!.origin !== '') return around!
    const made = { ...around!, origin: this.state.origin() }
    this.around = made
    this.channels = new Channels(made)
    return made
  }

  private adjustLink(): void {
    if ([...this.places.values()].some(({ paused }) => !paused)) {
      this.broker.logFollowers.add(this.follow)
      this.link.open()
    } else this.closeLink()
  }

  private closeLink(): void {
    this.broker.logFollowers.delete(this.follow)
    void this.link.close()
  }

  private eachRunner(tell: (runner: Runner) => void): void {
    for (const { runner } of this.places.values()) if (runner !== undefined) tell(runner)
  }

  private parse(name: string, words: Words): Definition {
    return parseDefinition(name, words, this.broker.engine.dbs.length)
  }
}

/** The bridges of the configuration. Throws ConfigError. */
function configured(broker: Broker): Map<string, Definition> {
  const found = new Map<string, Definition>()
  for (const [name, ...words] of broker.config.values.bridge) {
    try {
      if (found.has(name!)) throw new Wrong(`ERR a bridge of the name '${name}' exists`)
      const list = words.map((word) => Buffer.from(word))
      found.set(name!, parseDefinition(name!, list, broker.engine.dbs.length))
    } catch (error) {
      if (!(error instanceof Wrong)) throw error
      throw new ConfigError(`\n*** FATAL CONFIG FILE ERROR ***\n>>> 'bridge ${name} ${words.join(' ')}'\n` +
        error.message.replace(/^ERR /, ''))
    }
  }
  return found
}
