// Plays steps over several connections on ours and on redis-server at once, and collects what every connection got in
// each step: replies in their order and, apart from them, pushes.
import { createHash } from 'node:crypto'
import type { ServerProcess } from '../process.ts'
import { encodeLatin1 } from '../resp-client.ts'
import type { RespClient } from '../resp-client.ts'
import { decode, show } from '../resp-value.ts'
import type { RespValue } from '../resp-value.ts'

const shownBytesMax = 1 << 20

export type Step = { conn: number, commands: readonly (readonly string[])[] }
/** Of each connection the decoded replies and pushes of one step. */
export type Heard = { replies: RespValue[], pushes: RespValue[] }[]

/** Of a reply that is too large to be shown, its size and its hash. */
function valueOf(reply: Buffer): RespValue {
  if (reply.length <= shownBytesMax) return decode(reply)
  return { type: '+', value: `${reply.length} bytes, ${createHash('sha1').update(reply).digest('hex')}` }
}

class Voice {
  private readonly clients: RespClient[]
  private readonly ids: readonly string[]
  private marks: number

  constructor(clients: RespClient[], ids: readonly string[]) {
    this.clients = clients
    this.ids = ids
    this.marks = 0
  }

  /** Sends the commands in one write; when all are answered, everybody is asked for a mark, behind which nothing is due. */
  async play(step: Step): Promise<Heard> {
    const first = await this.collect(step.conn, step.commands)
    const heard = await Promise.all(this.clients.map((_, conn) => this.collect(conn, [])))
    heard[step.conn]!.replies.unshift(...first.replies)
    heard[step.conn]!.pushes.unshift(...first.pushes)
    return heard
  }

  private async collect(conn: number, commands: readonly (readonly string[])[]): Promise<Heard[number]> {
    const client = this.clients[conn]!
    const mark = `mark-${this.marks++}`
    const bytes = [...commands, ['PING', mark]].map((words) => encodeLatin1(
      words.map((word) => word.replace(/^<id:(\d+)>$/, (_, n: string) => this.ids[Number(n)]!))))
    client.sendRaw(Buffer.concat(bytes))
    const replies: RespValue[] = []
    for (;;) {
      const [reply] = await client.take(1)
      if (reply!.includes(mark)) break
      replies.push(valueOf(reply!))
    }
    return { replies, pushes: client.pushes.splice(0).map((push) => decode(push)) }
  }

  close(): void {
    for (const client of this.clients) client.destroy()
  }
}

/** `protocols`: of each connection. A word `<id:n>` of a step is the id of connection n. */
async function openVoice(server: ServerProcess, protocols: readonly (2 | 3)[]): Promise<Voice> {
  const clients = await Promise.all(protocols.map(() => server.connect()))
  await Promise.all(clients.map((client, i) => client.call('HELLO', protocols[i]!)))
  const ids = await Promise.all(clients.map(async (client) => (await client.text('CLIENT', 'ID')).slice(1, -2)))
  return new Voice(clients, ids)
}

export type Duet = {
  /** Plays a step on both; returns what they heard as text, settled by `settle` first. */
  play: (step: Step, settle?: (heard: RespValue[]) => RespValue[]) => Promise<{ ours: string[], theirs: string[] }>
  close: () => void
}

export async function openDuet(
  ours: ServerProcess, theirs: ServerProcess, protocols: readonly (2 | 3)[],
): Promise<Duet> {
  const [mine, other] = await Promise.all([openVoice(ours, protocols), openVoice(theirs, protocols)])
  return {
    play: async (step, settle = (heard) => heard) => {
      const [a, b] = await Promise.all([mine.play(step), other.play(step)])
      const text = (heard: Heard): string[] => heard.flatMap(({ replies, pushes }, conn) => [
        ...settle(replies).map((value) => `${conn} ${show(value)}`),
        ...settle(pushes).map((value) => `${conn} push ${show(value)}`),
      ])
      return { ours: text(a), theirs: text(b) }
    },
    close: () => {
      mine.close()
      other.close()
    },
  }
}
