// The generic key commands. SCAN always asks for more than there is: the order in which a server
// walks its table is its own, the set of keys and the options are not.
import {
  anyOf, anyOrder, command, either, maybe, seq, times, word, type CommandShape, type Shape,
} from '../grammar.ts'
import {
  anyKey, doomedKey, milliseconds, pattern, seconds, stringKey, unixMilliseconds, unixSeconds,
} from '../pool.ts'

const condition: Shape = anyOrder(
  maybe(0.2, anyOf('NX', 'nx')), maybe(0.2, word('XX')), maybe(0.2, word('GT')),
  maybe(0.2, word('LT')),
)
const database: Shape = anyOf('0', '0', '1', '2', '15', '16', '-1', 'a', '9223372036854775808')

export const genericCommands: readonly CommandShape[] = [
  command('DEL', 4, times(1, 3, doomedKey)),
  command('UNLINK', 2, times(1, 3, doomedKey)),
  command('EXISTS', 4, times(1, 4, anyKey)),
  command('TYPE', 4, anyKey),
  command('KEYS', 2, pattern),
  command('SCAN', 3, seq(anyOf('0', '0', '0', 'x', ''), word('COUNT', '10000'), anyOrder(
    maybe(0.3, seq(word('MATCH'), pattern)),
    maybe(0.3, seq(word('TYPE'), anyOf('string', 'stream', 'list', 'STRING', 'nope'))),
    maybe(0.05, seq(word('COUNT'), anyOf('0', '-1', 'x', '10000'))),
  )), 'fragile'),
  command('RANDOMKEY', 1, seq()),
  command('RENAME', 3, seq(doomedKey, doomedKey)),
  command('RENAMENX', 3, seq(doomedKey, doomedKey)),
  command('COPY', 4, seq(anyKey, doomedKey, anyOrder(
    maybe(0.3, seq(anyOf('DB', 'db'), database)), maybe(0.5, word('REPLACE')),
  ))),
  command('MOVE', 1, seq(doomedKey, database)),
  command('TOUCH', 2, times(1, 3, anyKey)),
  command('EXPIRE', 3, seq(anyKey, seconds, condition)),
  command('PEXPIRE', 3, seq(anyKey, milliseconds, condition)),
  command('EXPIREAT', 3, seq(anyKey, unixSeconds, condition)),
  command('PEXPIREAT', 3, seq(anyKey, unixMilliseconds, condition)),
  command('TTL', 3, anyKey),
  command('PTTL', 3, anyKey),
  command('EXPIRETIME', 2, anyKey),
  command('PEXPIRETIME', 2, anyKey),
  command('PERSIST', 3, anyKey),
  command('OBJECT', 5, either(
    seq(anyOf('ENCODING', 'encoding'), anyKey), seq(word('ENCODING'), stringKey),
    seq(word('ENCODING'), stringKey), seq(word('REFCOUNT'), stringKey),
    seq(word('REFCOUNT'), anyKey), seq(word('IDLETIME'), anyKey), seq(word('FREQ'), anyKey),
    seq(word('NOPE'), anyKey), word('HELP'),
    word('ENCODING'), seq(word('ENCODING'), anyKey, anyKey),
  )),
  command('SELECT', 1, anyOf('0', '0', '0', '16', '-1', 'a', '', '0 ', '00')),
]
