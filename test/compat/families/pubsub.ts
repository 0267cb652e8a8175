// The pubsub commands that change nothing of the connection; nobody listens. Sessions of several listeners have a
// differential test of their own (test/broker/pubsub.test.ts).
import { anyOf, command, either, maybe, seq, times, word, type CommandShape } from '../grammar.ts'
import { anyKey, value } from '../pool.ts'

export const pubsubCommands: readonly CommandShape[] = [
  command('PUBLISH', 6, seq(anyKey, value)),
  command('SPUBLISH', 3, seq(anyKey, value)),
  command('PUBSUB', 6, either(
    seq(word('CHANNELS'), maybe(0.5, anyOf('*', 'a*', ''))), seq(word('SHARDCHANNELS'), maybe(0.5, anyKey)),
    seq(word('NUMSUB'), times(0, 3, anyKey)), seq(word('SHARDNUMSUB'), times(0, 3, anyKey)), word('NUMPAT'),
    word('NOPE'), word('NUMPAT', 'x'),
  )),
]
