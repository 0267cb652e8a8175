// What COMMAND tells about the pubsub family; the handlers are in pubsub.ts.

import type { ArgumentSpec, KeySpec } from '../../core/commands/spec.ts'
import type { BrokerSpec } from '../command.ts'

const listening = { flags: ['pubsub', 'noscript', 'loading', 'stale'], group: 'pubsub' } as const
const publishing = {
  arity: 3, flags: ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'], group: 'pubsub',
} as const
const asking = { flags: ['pubsub', 'loading', 'stale'], group: 'pubsub' } as const
const channel: ArgumentSpec = { name: 'channel', type: 'string' }
const shardChannel: ArgumentSpec = { name: 'shardchannel', type: 'string' }
const message: ArgumentSpec = { name: 'message', type: 'string' }

/** A cluster finds the shard of a shard channel as that of a key. */
function shardKeys(last: number): readonly KeySpec[] {
  return [{ flags: ['not_key'], begin: { index: 1 }, find: { last, step: 1, limit: 0 } }]
}

export const subscribeSpec: BrokerSpec = {
  ...listening, name: 'subscribe', arity: -2, since: '2.0.0', summary: 'Listens to channels.',
  complexity: 'O(N) where N is the number of channels to subscribe to.', arguments: [{ ...channel, multiple: true }],
}

export const unsubscribeSpec: BrokerSpec = {
  ...listening, name: 'unsubscribe', arity: -1, since: '2.0.0', summary: 'Stops listening to channels, or to all.',
  complexity: 'O(N) where N is the number of channels to unsubscribe.',
  arguments: [{ ...channel, optional: true, multiple: true }],
}

export const psubscribeSpec: BrokerSpec = {
  ...listening, name: 'psubscribe', arity: -2, since: '2.0.0',
  summary: 'Listens to all channels whose names match patterns.',
  complexity: 'O(N) where N is the number of patterns to subscribe to.',
  arguments: [{ name: 'pattern', type: 'pattern', multiple: true }],
}

export const punsubscribeSpec: BrokerSpec = {
  ...listening, name: 'punsubscribe', arity: -1, since: '2.0.0', summary: 'Stops listening to patterns, or to all.',
  complexity: 'O(N) where N is the number of patterns to unsubscribe.',
  arguments: [{ name: 'pattern', type: 'pattern', optional: true, multiple: true }],
}

export const ssubscribeSpec: BrokerSpec = {
  ...listening, name: 'ssubscribe', arity: -2, since: '7.0.0', summary: 'Listens to shard channels.',
  complexity: 'O(N) where N is the number of shard channels to subscribe to.', keys: shardKeys(-1),
  arguments: [{ ...shardChannel, multiple: true }],
}

export const sunsubscribeSpec: BrokerSpec = {
  ...listening, name: 'sunsubscribe', arity: -1, since: '7.0.0',
  summary: 'Stops listening to shard channels, or to all.',
  complexity: 'O(N) where N is the number of shard channels to unsubscribe.', keys: shardKeys(-1),
  arguments: [{ ...shardChannel, optional: true, multiple: true }],
}

export const publishSpec: BrokerSpec = {
  ...publishing, name: 'publish', since: '2.0.0', summary: 'Sends a message to all who listen to a channel.',
  complexity: 'O(N+M) where N is the number of clients that get it and M the number of patterns of any client.',
  arguments: [channel, message],
}

export const spublishSpec: BrokerSpec = {
  ...publishing, name: 'spublish', since: '7.0.0', summary: 'Sends a message to all who listen to a shard channel.',
  complexity: 'O(N) where N is the number of clients that get it.', keys: shardKeys(0),
  arguments: [shardChannel, message],
}

const pattern: ArgumentSpec = { name: 'pattern', type: 'pattern', optional: true }

export const pubsubSpec: BrokerSpec = {
  name: 'pubsub', arity: -2, flags: [], group: 'pubsub', since: '2.8.0',
  summary: 'Holds the commands that ask who listens to what.', complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...asking, name: 'channels', arity: -2, since: '2.8.0', summary: 'Lists the channels that somebody listens to.',
      complexity: 'O(N) where N is the number of these channels.', arguments: [pattern],
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'pubsub', since: '6.2.0',
      summary: 'Lists the subcommands.', complexity: 'O(1)',
    },
    {
      ...asking, name: 'numpat', arity: 2, since: '2.8.0', summary: 'Counts the patterns that somebody listens to.',
      complexity: 'O(1)',
    },
    {
      ...asking, name: 'numsub', arity: -2, since: '2.8.0', summary: 'Counts the clients that listen to channels.',
      complexity: 'O(N) where N is the number of channels asked for.',
      arguments: [{ ...channel, optional: true, multiple: true }],
    },
    {
      ...asking, name: 'shardchannels', arity: -2, since: '7.0.0',
      summary: 'Lists the shard channels that somebody listens to.',
      complexity: 'O(N) where N is the number of these channels.', arguments: [pattern],
    },
    {
      ...asking, name: 'shardnumsub', arity: -2, since: '7.0.0',
      summary: 'Counts the clients that listen to shard channels.',
      complexity: 'O(N) where N is the number of channels asked for.',
      arguments: [{ ...shardChannel, optional: true, multiple: true }],
    },
  ],
}
