// ACL: users, their rules, and what was refused to them. https://redis.io/docs/latest/commands/?name=acl

import { randomBytes } from 'node:crypto'
import type { Args } from '../../core/args.ts'
import { replies, wrongArity, wrongSubcommand } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import { denialOf } from '../acl/check.ts'
import { hasBlanks, mergeSelectors } from '../acl/rules.ts'
import type { Selector } from '../acl/selector.ts'
import { withSubcommands } from '../command.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { arityFits } from '../dispatch.ts'
import { aclSpec } from './acl-spec.ts'
import { bindSubcommands } from './bind.ts'
import { categoriesOf, categoryNames } from './categories.ts'
import { findCalled } from './command.ts'

const logShown = 10
const passwordBits = 256
const passwordBitsMax = 4096

/** Arguments from i on, one character a byte. */
function wordsFrom(a: Args, i: number): string[] {
  return Array.from({ length: Math.max(0, a.count - i) }, (_, at) => a.text(i + at))
}

function writeList(r: Reply, words: readonly string[]): void {
  r.array(words.length)
  for (const word of words) r.text(word)
}

/** Some subcommands leave the number of their arguments to their handlers. */
function wrongCall(a: Args): string {
  return wrongSubcommand(a.shown(1), 'ACL')
}

function setUser(c: Connection, a: Args, r: Reply): void {
  if (hasBlanks(a.copy(2))) return r.error("ERR Usernames can't contain spaces or null characters")
  const rules = mergeSelectors(wordsFrom(a, 3))
  if (!Array.isArray(rules)) return r.error(`ERR Unmatched parenthesis in acl selector starting at '${rules.open}'.`)
  const wrong = c.broker.acl.setUser(a.text(2), rules)
  if (wrong === undefined) r.ok()
  else r.error(`ERR Error in ACL SETUSER modifier '${wrong.rule.split('\0', 1)[0]}': ${wrong.reason}`)
}

function deleteUsers(c: Connection, a: Args, r: Reply): void {
  const names = wordsFrom(a, 2)
  if (names.includes('default')) return r.error("ERR The 'default' user cannot be removed")
  r.int(names.filter((name) => c.broker.acl.deleteUser(name)).length)
}

function getUser(c: Connection, a: Args, r: Reply): void {
  const user = c.broker.acl.get(a.text(2))
  if (user === undefined) return r.nil()
  r.map(6)
  r.text('flags')
  const flags = [user.enabled ? 'on' : 'off']
  if (user.noPassword) flags.push('nopass')
  flags.push(user.skipSanitize ? 'skip-sanitize-payload' : 'sanitize-payload')
  r.set(flags.length)
  for (const flag of flags) r.text(flag)
  r.text('passwords')
  writeList(r, user.passwords)
  writeSelector(r, user.root)
  r.text('selectors')
  r.array(user.selectors.length - 1)
  for (const selector of user.selectors.slice(1)) {
    r.map(3)
    writeSelector(r, selector)
  }
}

function writeSelector(r: Reply, selector: Selector): void {
  for (const [name, text] of [
    ['commands', selector.commandText], ['keys', selector.keyText], ['channels', selector.channelText],
  ] as const) {
    r.text(name)
    r.text(text)
  }
}

function cat(c: Connection, a: Args, r: Reply): void {
  if (a.count > 3) return r.error(wrongCall(a))
  if (a.count === 2) return writeList(r, categoryNames)
  const word = a.text(2).toLowerCase()
  const category = categoryNames.find((name) => name === word)
  if (category === undefined) return r.error(`ERR Unknown category '${a.shown(2).slice(0, 128)}'`)
  const all = withSubcommands(c.broker.commands)
  writeList(r, all.filter(({ spec }) => categoriesOf(spec).includes(category)).map(({ fullName }) => fullName))
}

function dryRun(c: Connection, a: Args, r: Reply): void {
  const user = c.broker.acl.get(a.text(2))
  if (user === undefined) return r.error(`ERR User '${a.shown(2)}' not found`)
  const command = findCalled(c, a, 3)
  if (command === undefined) return r.error(`ERR Command '${a.shown(3)}' not found`)
  if (!arityFits(command, a.count - 3)) return r.error(wrongArity(command.fullName))
  const denial = denialOf(user, command, a, 3)
  if (denial === undefined) r.ok()
  else if (denial.kind === 'command') {
    r.text(`User ${user.name} has no permissions to run the '${command.fullName}' command`)
  } else r.text(`User ${user.name} has no permissions to access the '${a.text(denial.arg)}' ${denial.kind}`)
}

function genPass(_: Connection, a: Args, r: Reply): void {
  if (a.count > 3) return r.error(wrongCall(a))
  const bits = a.count === 3 ? a.int(2) : passwordBits
  if (Number.isNaN(bits)) return r.error(replies.notInteger)
  if (bits <= 0 || bits > passwordBitsMax) {
    return r.error('ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up '
      + `to ${passwordBitsMax}`)
  }
  const digits = Math.floor((bits + 3) / 4)
  r.text(randomBytes(Math.ceil(digits / 2)).toString('hex').slice(0, digits))
}

function log(c: Connection, a: Args, r: Reply): void {
  const { acl, engine } = c.broker
  if (a.count > 3) return r.error(wrongCall(a))
  if (a.count === 3 && a.is(2, 'RESET')) {
    acl.log.reset()
    return r.ok()
  }
  const count = a.count === 3 ? a.int(2) : logShown
  if (Number.isNaN(count)) return r.error(replies.notInteger)
  acl.log.write(r, Math.max(0, count), engine.clock.nowMs())
}

function okOr(r: Reply, wrong: string | undefined): void {
  if (wrong === undefined) r.ok()
  else r.error(wrong)
}

export const aclCommands: readonly BrokerSpec[] = [bindSubcommands(aclSpec, {
  cat,
  deluser: deleteUsers,
  dryrun: dryRun,
  genpass: genPass,
  getuser: getUser,
  list: (c, _, r) => writeList(r, c.broker.acl.all().map((user) => `user ${user.name} ${user.text}`)),
  load: (c, _, r) => okOr(r, c.broker.acl.load()),
  log,
  save: (c, _, r) => okOr(r, c.broker.acl.save()),
  setuser: setUser,
  users: (c, _, r) => writeList(r, c.broker.acl.all().map((user) => user.name)),
  whoami: (c, _, r) => r.text(c.user),
})]
