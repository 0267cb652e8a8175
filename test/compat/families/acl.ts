// The commands of access control that change nothing. Users, their rules and what is refused to them have differential
// tests of their own (test/broker/acl/).
import { anyOf, command, either, seq, word, type CommandShape } from '../grammar.ts'
import { anyKey, value } from '../pool.ts'

export const aclCommands: readonly CommandShape[] = [
  command('ACL', 1, either(
    word('WHOAMI'), word('USERS'), word('CAT'), seq(word('CAT'), value), seq(word('GENPASS'), anyOf('0', '-1', '4097', 'x', '')),
    seq(word('GETUSER'), value), seq(word('DRYRUN', 'default', 'GET'), anyKey), word('DRYRUN', 'nobody', 'GET', 'k'),
    seq(word('DRYRUN', 'default', 'SET'), anyKey), seq(word('DRYRUN', 'default'), value, value),
    seq(word('DELUSER'), anyOf('default', 'nobody')), seq(word('LOG'), anyOf('x', 'RESET', '')), word('SAVE'), word('LOAD'), word('NOPE'),
    seq(word('SETUSER'), anyOf('a b', 'default'), anyOf('+nope', '(', '+get|', '%~x', 'x', '-@nope', '#abc')),
  ), 'fragile'),
]
