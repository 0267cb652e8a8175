// DEBUG: what those who test the server and its clients need. What Redis has for its own inner parts, and clients'
// tests switch on and off, is accepted and does nothing.

import type { Args } from '../../core/args.ts'
import { replies, wrongSubcommand } from '../../core/errors.ts'
import { globMatch } from '../../core/keyspace/glob.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec, ServeHandler } from '../command.ts'
import type { Connection } from '../connection.ts'
import { parseMemory } from '../config/value.ts'
import { reloadDump, reloadLog } from '../persistence/reload.ts'
import { isLocal } from './config.ts'
import {
  debugEncoding, debugHashTable, debugHashTableOfKey, debugObject, debugSdslen, digestAll, digestKeys, digestState,
} from './debug-data.ts'
import { populate } from './debug-populate.ts'
import { writeExample } from './debug-protocol.ts'
import { writeHelpLines } from './help.ts'
import { debugSpec } from './server-spec.ts'

const notAllowed = 'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run '
  + 'it from a local connection, otherwise you need to set this option in the configuration file, and then restart '
  + 'the server.'

/** Bytes; what may be an element of a packed node at most in Redis. */
const packedThresholdMax = 2 ** 32 - 1

type Sub = { name: string, words: string, about: string, least: number, most: number, serve: ServeHandler }

const idle: ServeHandler = (_, _a, r) => r.ok()

function sleep(_: Connection, a: Args, r: Reply): void {
  const seconds = Number.parseFloat(a.text(2))
  if (seconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000)
  r.ok()
}

function loadLog(c: Connection, _: Args, r: Reply): void {
  if (c.broker.appender === undefined) return r.error('ERR there is no log to load: appendonly is no')
  reloadLog(c)
}

function reload(c: Connection, a: Args, r: Reply): void {
  const options = { saves: true, flushes: true, merges: false }
  for (let i = 2; i < a.count; i++) {
    if (a.is(i, 'MERGE')) options.merges = true
    else if (a.is(i, 'NOFLUSH')) options.flushes = false
    else if (a.is(i, 'NOSAVE')) options.saves = false
    else return r.error('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.')
  }
  reloadDump(c, options)
}

/** How long a pattern of many stars may take against a text of `length` letters: matching must not be exponential. */
function stringMatch(_: Connection, a: Args, r: Reply): void {
  const length = a.int(2)
  if (!(length >= 0 && length <= 1 << 26)) return r.error(replies.notInteger)
  const text = Buffer.alloc(length, 'a')
  r.int(globMatch(a.buf, a.start[3]!, a.end[3]!, text, 0, length) ? 1 : 0)
}

function packedThreshold(_: Connection, a: Args, r: Reply): void {
  const bytes = parseMemory(a.text(2))
  if (bytes === undefined || bytes > packedThresholdMax) {
    return r.error('ERR argument must be a memory value bigger than 1 and smaller than 4gb')
  }
  r.ok()
}

function replyBuffer(_: Connection, a: Args, r: Reply): void {
  const takesTime = a.is(2, 'PEAK-RESET-TIME')
  if (!takesTime && !a.is(2, 'RESIZING')) return r.error(wrongSubcommand(a.shown(1), 'DEBUG'))
  const word = takesTime && (a.is(3, 'NEVER') || a.is(3, 'RESET'))
  if (takesTime && !word && Number.isNaN(a.int(3))) return r.error(replies.notInteger)
  r.ok()
}

function setActiveExpire(c: Connection, a: Args, r: Reply): void {
  c.broker.engine.settings.activeExpire = Number.parseInt(a.text(2), 10) !== 0
  r.ok()
}

function protocol(_: Connection, a: Args, r: Reply): void {
  if (writeExample(r, a.text(2).toLowerCase())) return
  r.error('ERR Wrong protocol type name. Please use one of the following: '
    + 'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false')
}

/** Ends the process at once, as a fault would: what no frame has is lost. */
function crash(signal: NodeJS.Signals): ServeHandler {
  return (c, a) => {
    c.broker.report('warning', `DEBUG ${a.text(1).toUpperCase()}: the process ends itself with ${signal}`)
    process.kill(process.pid, signal)
  }
}

function log(c: Connection, a: Args, r: Reply): void {
  c.broker.report('warning', `DEBUG LOG: ${a.text(2)}`)
  r.ok()
}

const subs: readonly Sub[] = [
  { name: 'ASSERT', words: '', about: 'Ends the process as a failed assertion would.', least: 2, most: 2,
    serve: crash('SIGABRT') },
  { name: 'CHANGE-REPL-ID', words: '', about: 'Begins another history of replication.', least: 2, most: 2,
    serve: (c, _, r) => {
      c.broker.replication.newHistory()
      r.ok()
    } },
  { name: 'DICT-RESIZING', words: '<0|1>', about: 'Does nothing.', least: 3, most: 3, serve: idle },
  { name: 'DIGEST', words: '', about: 'The digest that Redis gives for the same data.', least: 2, most: 2,
    serve: digestAll },
  { name: 'DIGEST-VALUE', words: '<key> [<key> ...]', about: 'A digest of each value.', least: 2, most: Infinity,
    serve: digestKeys },
  { name: 'STATE-DIGEST', words: '', about: 'A digest of all that the log must reproduce, with groups and counters.',
    least: 2, most: 2, serve: digestState },
  { name: 'ERROR', words: '<text>', about: 'Answers with the text as an error.', least: 3, most: 3,
    serve: (_, a, r) => r.error(a.text(2)) },
  { name: 'HTSTATS', words: '<dbid>', about: 'The size of the table of a database.', least: 3, most: 4,
    serve: debugHashTable },
  { name: 'HTSTATS-KEY', words: '<key>', about: 'The size of the table behind a key.', least: 3, most: 4,
    serve: debugHashTableOfKey },
  { name: 'LISTPACK', words: '<key>', about: 'Whether the value is a listpack.', least: 3, most: 3,
    serve: debugEncoding('listpack') },
  { name: 'LOADAOF', words: '', about: 'Makes the log durable, then folds the views from it anew.', least: 2, most: 2,
    serve: loadLog },
  { name: 'LOG', words: '<text>', about: 'Writes the text to the log of the server.', least: 3, most: 3, serve: log },
  { name: 'OBJECT', words: '<key>', about: 'What is known of a key and its value.', least: 3, most: 4,
    serve: debugObject },
  { name: 'OOM', words: '', about: 'Ends the process as a lack of memory would.', least: 2, most: 2,
    serve: crash('SIGABRT') },
  { name: 'PANIC', words: '', about: 'Ends the process as a panic would.', least: 2, most: 2,
    serve: crash('SIGABRT') },
  { name: 'PAUSE-CRON', words: '<0|1>', about: 'Does nothing.', least: 3, most: 3, serve: idle },
  { name: 'POPULATE', words: '<count> [<prefix>] [<size>]', about: 'Makes count strings, logged as SET.', least: 3,
    most: 5, serve: populate },
  { name: 'PROTOCOL', words: '<type>', about: 'Answers with an example of a RESP type.', least: 3, most: 3,
    serve: protocol },
  { name: 'QUICKLIST', words: '<key> [<0|1>]', about: 'Whether the value is a quicklist.', least: 3, most: 4,
    serve: debugEncoding('quicklist') },
  { name: 'QUICKLIST-PACKED-THRESHOLD', words: '<size>', about: 'Does nothing.', least: 3, most: 3,
    serve: packedThreshold },
  { name: 'RELOAD', words: '[MERGE] [NOFLUSH] [NOSAVE]', about: 'Writes the dump file, then loads it anew.', least: 2,
    most: Infinity, serve: reload },
  { name: 'REPLYBUFFER', words: '<option> <value>', about: 'Does nothing.', least: 4, most: 4, serve: replyBuffer },
  { name: 'SDSLEN', words: '<key>', about: 'Bytes of the key and of a string value.', least: 3, most: 3,
    serve: debugSdslen },
  { name: 'SEGFAULT', words: '', about: 'Ends the process as a bad access to memory would.', least: 2, most: 2,
    serve: crash('SIGSEGV') },
  { name: 'SET-ACTIVE-EXPIRE', words: '<0|1>', about: 'With 0 due keys stay until somebody asks for them.', least: 3,
    most: 3, serve: setActiveExpire },
  { name: 'SET-DISABLE-DENY-SCRIPTS', words: '<0|1>', about: 'Does nothing.', least: 3, most: 3, serve: idle },
  { name: 'SET-SKIP-CHECKSUM-VALIDATION', words: '<0|1>', about: 'Does nothing.', least: 3, most: 3, serve: idle },
  { name: 'SLEEP', words: '<seconds>', about: 'Holds up the whole server.', least: 3, most: 3, serve: sleep },
  { name: 'STRINGMATCH-LEN', words: '<length> <pattern>', about: 'Matches a pattern against a long text.', least: 4,
    most: 4, serve: stringMatch },
]

function debug(c: Connection, a: Args, r: Reply): void {
  const policy = c.broker.config.values.enableDebugCommand
  if (policy === 'no' || (policy === 'local' && !isLocal(c))) return r.error(notAllowed)
  if (a.count === 2 && a.is(1, 'HELP')) return help(r)
  const sub = subs.find((one) => a.is(1, one.name))
  if (sub === undefined || a.count < sub.least || a.count > sub.most) {
    return r.error(wrongSubcommand(a.text(1).slice(0, 128), 'DEBUG'))
  }
  sub.serve(c, a, r)
}

function help(r: Reply): void {
  writeHelpLines(r, [
    'DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
    ...subs.flatMap((sub) => [`${sub.name} ${sub.words}`.trim(), `    ${sub.about}`]),
    'HELP', '    Prints this help.',
  ])
}

export const debugCommands: readonly BrokerSpec[] = [{ ...debugSpec, serve: debug }]
