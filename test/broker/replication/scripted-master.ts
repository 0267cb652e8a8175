// A master of the test's own, which sends a dataset piece by piece, as the test says.

import net from 'node:net'
import { saveNow } from '../../../core/checkpoint/rdb-save.ts'
import type { Scope } from '../../process.ts'
import { encodeCommand } from '../../resp-client.ts'
import { until } from '../../until.ts'
import { driver } from '../../core/commands/driver.ts'
import type { Word } from '../../core/commands/driver.ts'

const mark = 'm'.repeat(40)

export class ScriptedMaster {
  readonly port: number
  readonly replid: string
  /** What replicas asked by PSYNC, in order. */
  readonly asked: string[]
  private socket: net.Socket | undefined

  private constructor(port: number, replid: string) {
    this.port = port
    this.replid = replid
    this.asked = []
    this.socket = undefined
  }

  static async start(scope: Scope, replid = 'a'.repeat(40)): Promise<ScriptedMaster> {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const master = new ScriptedMaster((server.address() as net.AddressInfo).port, replid)
    server.on('connection', (socket) => master.serve(socket))
    scope.teardown(() => {
      server.close()
      master.cut()
    })
    return master
  }

  /** Waits for the `count`th PSYNC, and answers that a full sync follows. */
  async beginSync(count: number, offset: number): Promise<void> {
    await until(`PSYNC ${count}`, () => this.asked.length >= count)
    this.send(`+FULLRESYNC ${this.replid} ${offset}\r\n`)
  }

  send(bytes: string | Buffer): void {
    this.socket!.write(bytes)
  }

  sendCommand(...words: string[]): void {
    this.send(encodeCommand(words))
  }

  cut(): void {
    this.socket?.destroy()
  }

  private serve(socket: net.Socket): void {
    this.socket = socket
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (;;) {
        const match = /^\*(\d+)\r\n/.exec(text)
        if (match === null) break
        const parts = text.split('\r\n')
        const count = Number(match[1])
        if (parts.length < 2 + count * 2) break
        const words = Array.from({ length: count }, (_, i) => parts[2 + i * 2]!)
        text = parts.slice(1 + count * 2).join('\r\n')
        if (words[0] === 'PING') socket.write('+PONG\r\n')
        else if (words[0] === 'PSYNC') this.asked.push(words.slice(1).join(' '))
        else if (words[1] !== 'ACK') socket.write('+OK\r\n')
      }
      // The replica says by empty lines that it lives.
      text = text.replace(/^\n+/, '')
    })
  }
}

/** A dataset as it is sent: of known length, or with a mark at its end. */
export function datasetOf(commands: readonly (readonly Word[])[], marked: boolean): Buffer {
  const d = driver()
  for (const words of commands) d.run(...words)
  const parts: Buffer[] = []
  const keep = (buf: Buffer, from: number, to: number): void => void parts.push(Buffer.from(buf.subarray(from, to)))
  saveNow(d.engine, keep, { aux: { 'repl-stream-db': 0 }, checksum: true })
  const file = Buffer.concat(parts)
  return marked ? Buffer.concat([Buffer.from(`$EOF:${mark}\r\n`), file, Buffer.from(mark)])
    : Buffer.concat([Buffer.from(`$${file.length}\r\n`), file])
}
