// Broken requests get redis-server's very answers, and the connection ends where it ends there.
import test from 'ava'
import { seededRandom, type Random } from '../compat/random.ts'
import { requireRedis, startMillrace, startRedis } from '../process.ts'
import { encodeCommand } from '../resp-client.ts'
import { scale } from '../scale.ts'
import { oddRequests } from './protocol-errors.ts'
import { sendAndFinish, sendAndWatch } from './raw-exchange.ts'

const abreast = 16

test('odd and broken requests are answered as redis-server answers them', async (t) => {
  if (!requireRedis(t)) return
  const theirs = await startRedis(t)
  const ours = await startMillrace(t)
  for (let at = 0; at < oddRequests.length; at += abreast) {
    await Promise.all(oddRequests.slice(at, at + abreast).map(async ([name, text]) => {
      const bytes = Buffer.from(text, 'latin1')
      const [mine, other] = await Promise.all([
        sendAndWatch(ours.port, bytes), sendAndWatch(theirs.port, bytes),
      ])
      t.is(mine.reply.toString('latin1'), other.reply.toString('latin1'), name)
      t.is(mine.closedByServer, other.closedByServer, `${name}: closed by the server`)
    }))
  }
})

test('a client that sends and shuts its half still gets its replies', async (t) => {
  const ours = await startMillrace(t)
  const reply = await sendAndFinish(ours.port, Buffer.from('SET k v\r\nGET k\r\nPING\r\n'))
  t.is(reply.toString(), '+OK\r\n$1\r\nv\r\n+PONG\r\n')
})

const goodRequests: readonly Buffer[] = [
  ['PING'], ['ECHO', 'words'], ['SET', 'key', 'value'], ['GET', 'key'], ['MGET', 'a', 'b', 'key'],
  ['XADD', 's', '1-*', 'f', 'v'], ['XRANGE', 's', '-', '+', 'COUNT', '2'],
  ['INCR', 'n'], ['DEL', 's'],
].map((args) => encodeCommand(args))
const oddBytes = Buffer.from('*$:+-\r\n0123456789 "\'x\xff', 'latin1')

/** Some good requests in a row with up to three changed, lost or doubled bytes. */
function spoiledStream(r: Random): Buffer {
  const stream = Array.from({ length: 1 + r.below(5) }, () => r.pick(goodRequests))
  const bytes = Array.from(Buffer.concat(stream))
  for (let changes = 1 + r.below(3); changes > 0; changes--) {
    const at = r.below(bytes.length)
    const odd = oddBytes[r.below(oddBytes.length)]!
    const change = r.below(4)
    if (change === 0) bytes.splice(at, 1)
    else if (change === 1) bytes.splice(at, 0, odd)
    else bytes[at] = odd
  }
  return Buffer.from(bytes)
}

test('spoiled requests are answered as redis-server answers them', async (t) => {
  t.timeout(300_000)
  if (!requireRedis(t)) return
  const theirs = await startRedis(t)
  const ours = await startMillrace(t)
  for (let round = 0; round < scale.fuzzRounds; round++) {
    const bytes = spoiledStream(seededRandom(scale.seed + round))
    const [mine, other] = await Promise.all([
      sendAndFinish(ours.port, bytes), sendAndFinish(theirs.port, bytes),
    ])
    const sent = JSON.stringify(bytes.toString('latin1'))
    if (!mine.equals(other)) {
      t.is(mine.toString('latin1'), other.toString('latin1'), `seed ${scale.seed + round}: ${sent}`)
      return
    }
  }
  t.pass()
})
