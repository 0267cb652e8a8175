// The pubsub family: SUBSCRIBE and its like, PUBLISH, PUBSUB. https://redis.io/docs/latest/commands/?group=pubsub

import { encodeCommand } from '../../core/args.ts'
import type { Args } from '../../core/args.ts'
import { wrongSubcommand } from '../../core/errors.ts'
import { globMatch } from '../../core/keyspace/glob.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import type { Kind, Topic } from '../pubsub.ts'
import { bindSubcommands } from './bind.ts'
import {
  psubscribeSpec, publishSpec, pubsubSpec, punsubscribeSpec, spublishSpec, ssubscribeSpec, subscribeSpec,
  sunsubscribeSpec, unsubscribeSpec,
} from './pubsub-spec.ts'

/** Each name is answered by a push of its own: what was done, the name, to how many the client listens now. */
function subscribe(c: Connection, a: Args, r: Reply, kind: Kind, word: string): void {
  const { pubsub } = c.broker
  for (let i = 1; i < a.count; i++) {
    pubsub.subscribe(c, kind, a.copy(i))
    r.push(3)
    r.text(word)
    r.bulk(a.buf, a.start[i]!, a.end[i]!)
    r.int(pubsub.subscribed(c, kind))
  }
}

function unsubscribe(c: Connection, a: Args, r: Reply, kind: Kind, word: string): void {
  const { pubsub } = c.broker
  const names = a.count > 1
    ? Array.from({ length: a.count - 1 }, (_, i) => a.text(i + 1))
    : [...c.subscriptions?.[kind].keys() ?? []]
  for (const name of names) {
    pubsub.unsubscribe(c, kind, name)
    r.push(3)
    r.text(word)
    r.text(name)
    r.int(pubsub.subscribed(c, kind))
  }
  if (names.length > 0) return
  r.push(3)
  r.text(word)
  r.nil()
  r.int(pubsub.subscribed(c, kind))
}

function publish(c: Connection, a: Args, r: Reply): void {
  const { buf, start, end } = a
  // Clients of replicas listen, too. What scripts publish in the same turn as their writes follows these.
  if (c.broker.replicas.active) c.broker.replicas.stream.takeLater(encodeCommand(a))
  r.int(c.broker.pubsub.publish(buf, start[1]!, end[1]!, buf, start[2]!, end[2]!))
}

function spublish(c: Connection, a: Args, r: Reply): void {
  const { buf, start, end } = a
  if (c.broker.replicas.active) c.broker.replicas.stream.takeLater(encodeCommand(a))
  r.int(c.broker.pubsub.publishSharded(buf, start[1]!, end[1]!, buf, start[2]!, end[2]!))
}

function channels(c: Connection, a: Args, r: Reply, kind: Kind): void {
  if (a.count > 3) return r.error(wrongSub(a))
  const mark = r.deferred()
  let count = 0
  for (const topic of c.broker.pubsub.all(kind)) {
    if (a.count === 3 && !fits(a, topic)) continue
    r.bulk(topic.name, 0, topic.name.length)
    count++
  }
  r.setArray(mark, count)
}

/** PUBSUB leaves its arguments' number to its handlers: too many are an unknown way to call it. */
function wrongSub(a: Args): string {
  return wrongSubcommand(a.shown(1), 'PUBSUB')
}

function fits(a: Args, topic: Topic): boolean {
  return globMatch(a.buf, a.start[2]!, a.end[2]!, topic.name, 0, topic.name.length)
}

function numbers(c: Connection, a: Args, r: Reply, kind: Kind): void {
  r.array((a.count - 2) * 2)
  for (let i = 2; i < a.count; i++) {
    r.bulk(a.buf, a.start[i]!, a.end[i]!)
    r.int(c.broker.pubsub.listeners(kind, a.text(i)))
  }
}

export const pubsubCommands: readonly BrokerSpec[] = [
  { ...subscribeSpec, serve: (c, a, r) => subscribe(c, a, r, 'channel', 'subscribe') },
  { ...unsubscribeSpec, serve: (c, a, r) => unsubscribe(c, a, r, 'channel', 'unsubscribe') },
  { ...psubscribeSpec, serve: (c, a, r) => subscribe(c, a, r, 'pattern', 'psubscribe') },
  { ...punsubscribeSpec, serve: (c, a, r) => unsubscribe(c, a, r, 'pattern', 'punsubscribe') },
  { ...ssubscribeSpec, serve: (c, a, r) => subscribe(c, a, r, 'shard', 'ssubscribe') },
  { ...sunsubscribeSpec, serve: (c, a, r) => unsubscribe(c, a, r, 'shard', 'sunsubscribe') },
  { ...publishSpec, serve: publish },
  { ...spublishSpec, serve: spublish },
  bindSubcommands(pubsubSpec, {
    channels: (c, a, r) => channels(c, a, r, 'channel'),
    numpat: (c, _, r) => r.int(c.broker.pubsub.count('pattern')),
    numsub: (c, a, r) => numbers(c, a, r, 'channel'),
    shardchannels: (c, a, r) => channels(c, a, r, 'shard'),
    shardnumsub: (c, a, r) => numbers(c, a, r, 'shard'),
  }),
]
