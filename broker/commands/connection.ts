// The connection family but CLIENT: AUTH, HELLO, PING, ECHO, SELECT, QUIT, RESET.

import type { Args } from '../../core/args.ts'
import { replies, wrongArity } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import { clientGates } from '../connection.ts'
import type { Connection } from '../connection.ts'
import { redisVersion } from '../product.ts'
import { endMonitor } from './monitor.ts'
import { validName, invalidName } from './client.ts'
import { authSpec, echoSpec, helloSpec, pingSpec, quitSpec, resetSpec, selectSpec } from './connection-spec.ts'

const wrongPassword = 'WRONGPASS invalid username-password pair or user is disabled.'
const noPasswordSet = 'ERR AUTH <password> called without any password configured for the default user. '
  + 'Are you sure your configuration is correct?'
const authFirst = 'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH '
  + '<user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time'

const beyondInt = 'ERR value is out of range, value must between -2147483648 and 2147483647'

/** True when the client is `user` from now on. */
function login(c: Connection, user: string, a: Args, i: number): boolean {
  if (!c.broker.acl.admits(c, user, a.buf.subarray(a.start[i]!, a.end[i]!), a.text(0))) return false
  c.setUser(user, true)
  return true
}

function auth(c: Connection, a: Args, r: Reply): void {
  if (a.count > 3) return r.error(replies.syntax)
  if (a.count === 2 && c.broker.acl.defaultNoPassword) return r.error(noPasswordSet)
  const user = a.count === 3 ? a.text(1) : 'default'
  if (login(c, user, a, a.count - 1)) r.ok()
  else r.error(wrongPassword)
}

function hello(c: Connection, a: Args, r: Reply): void {
  const version = a.count > 1 ? a.int(1) : c.resp
  if (Number.isNaN(version)) return r.error('ERR Protocol version is not an integer or out of range')
  if (version !== 2 && version !== 3) return r.error('NOPROTO unsupported protocol version')

  let authAt = 0
  let nameAt = 0
  for (let i = 2; i < a.count; i++) {
    const more = a.count - 1 - i
    if (a.is(i, 'AUTH') && more >= 2) {
      authAt = i + 1
      i += 2
    } else if (a.is(i, 'SETNAME') && more >= 1) {
      nameAt = i + 1
      if (!validName(a, nameAt)) return r.error(invalidName)
      i++
    } else return r.error(`ERR Syntax error in HELLO option '${a.text(i).split('\0', 1)[0]}'`)
  }

  if (authAt > 0 && !login(c, a.text(authAt), a, authAt + 1)) return r.error(wrongPassword)
  if (!c.authenticated) return r.error(authFirst)
  if (nameAt > 0) c.name = a.text(nameAt)
  c.setProtocol(version)
  r.resp = version

  r.map(7)
  r.text('server')
  r.text('redis')
  r.text('version')
  r.text(redisVersion)
  r.text('proto')
  r.int(version)
  r.text('id')
  r.int(c.id)
  r.text('mode')
  r.text('standalone')
  r.text('role')
  r.text(c.broker.replication.role === 'master' ? 'master' : 'replica')
  r.text('modules')
  r.array(0)
}

function ping(c: Connection, a: Args, r: Reply): void {
  if (a.count > 2) return r.error(wrongArity('ping'))
  if ((c.gates & clientGates.subscribed) !== 0) {
    r.array(2)
    r.text('pong')
    if (a.count === 2) r.bulk(a.buf, a.start[1]!, a.end[1]!)
    else r.text('')
  } else if (a.count === 2) r.bulk(a.buf, a.start[1]!, a.end[1]!)
  else r.simple('PONG')
}

function select(c: Connection, a: Args, r: Reply): void {
  const index = a.int(1)
  if (Number.isNaN(index)) return r.error(replies.notInteger)
  if (index < -2147483648 || index > 2147483647) return r.error(beyondInt)
  if (index < 0 || index >= c.broker.engine.dbs.length) return r.error(replies.dbOutOfRange)
  c.db = index
  r.ok()
}

function quit(c: Connection, _: Args, r: Reply): void {
  r.ok()
  c.endAfterReply()
}

function reset(c: Connection, _: Args, r: Reply): void {
  c.broker.resetClient(c)
  endMonitor(c)
  c.db = 0
  c.setProtocol(2)
  r.resp = 2
  c.name = ''
  c.noTouch = false
  c.noEvict = false
  c.trace = ''
  c.setReplyMode('on')
  c.setUser('default', c.broker.acl.open)
  r.simple('RESET')
}

export const connectionCommands: readonly BrokerSpec[] = [
  { ...authSpec, serve: auth },
  { ...echoSpec, serve: (_, a, r) => r.bulk(a.buf, a.start[1]!, a.end[1]!) },
  { ...helloSpec, serve: hello },
  { ...pingSpec, serve: ping },
  { ...quitSpec, serve: quit },
  { ...resetSpec, serve: reset },
  { ...selectSpec, serve: select },
]
