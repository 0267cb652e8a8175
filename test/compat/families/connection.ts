// The connection commands whose replies don't depend on the server's own ids and addresses. Those
// that close, silence or pause a connection have plain tests of their own.
import {
  anyOf, command, either, maybe, rarely, seq, word, type CommandShape,
} from '../grammar.ts'
import { int, value } from '../pool.ts'

export const connectionCommands: readonly CommandShape[] = [
  command('PING', 4, maybe(0.5, value)),
  command('ECHO', 3, value),
  command('SELECT', 2, rarely(int, word('0'))),
  command('HELLO', 3, either(
    word('2'), word('3'), seq(anyOf('2', '3'), word('SETNAME', 'tester')), anyOf('1', '4', 'x', ''),
    seq(anyOf('2', '3'), word('AUTH', 'default', 'wrong')), seq(word('3', 'SETNAME'), value),
    seq(word('3', 'NOPE')), seq(),
  )),
  command('AUTH', 2, either(value, seq(word('default'), value), seq(word('nobody'), value))),
  command('RESET', 1, seq()),
  command('CLIENT', 12, either(
    word('ID'), word('GETNAME'), seq(word('SETNAME'), anyOf('', 'a', 'worker-1', 'a b', 'x\n')),
    word('GETREDIR'), word('TRACKINGINFO'), seq(word('NO-EVICT'), anyOf('on', 'OFF', 'x')),
    word('INFO'), word('LIST'), seq(word('LIST', 'TYPE'), anyOf('normal', 'pubsub', 'nope')),
    seq(word('LIST', 'ID'), anyOf('0', 'x', '<<id:1>>')), word('UNPAUSE'), word('NOPE'),
    seq(word('UNBLOCK'), anyOf('0', '<<id:0>>', '<<id:1>>', 'x'),
      maybe(0.5, anyOf('TIMEOUT', 'ERROR', 'x'))),
    seq(word('KILL', 'ID'), anyOf('0', 'x', '-1')), word('KILL', '127.0.0.1:1'), word('HELP'),
    word('KILL', 'TYPE', 'nope'), word('KILL', 'ADDR', '127.0.0.1:1', 'LADDR', '1.1.1.1:1'),
    word('KILL', 'USER', 'nobody'), word('KILL', 'NOPE', 'x'), seq(word('REPLY'), anyOf('ON', 'x')),
    seq(word('PAUSE'), anyOf('x', '-1')), word('PAUSE', '0', 'NOPE'), word('TRACKING', 'OFF'),
    word('TRACKING', 'x'),
  ), 'fragile'),
]
