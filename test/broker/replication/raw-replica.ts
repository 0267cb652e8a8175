// A replica of the test's own: it asks for a full sync, and gives the commands of the stream that follow it.

import net from 'node:net'
import { encodeCommand } from '../../resp-client.ts'
import type { Arg } from '../../resp-client.ts'

const patienceMs = 60_000

export class RawReplica {
  readonly socket: net.Socket
  /** All bytes that came and were not taken. */
  bytes: Buffer
  offset: number
  replid: string
  private wake: (() => void) | undefined

  private constructor(socket: net.Socket) {
    this.socket = socket
    this.bytes = Buffer.alloc(0)
    this.offset = 0
    this.replid = ''
    this.wake = undefined
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk])
      this.wake?.()
    })
    socket.on('error', () => {})
    socket.on('close', () => this.wake?.())
  }

  /** Attaches with a full sync whose dataset has a length, or (`marked`) a mark at its end. */
  static async attach(port: number, marked = false): Promise<RawReplica> {
    const socket = net.connect({ port, host: '127.0.0.1' })
    await new Promise((resolve) => socket.once('connect', resolve))
    const replica = new RawReplica(socket)
    replica.send('REPLCONF', 'listening-port', 1, ...(marked ? ['capa', 'eof'] : []), 'capa', 'psync2')
    await replica.line()
    replica.send('PSYNC', '?', -1)
    const [, replid, offset] = (await replica.line()).split(' ') as [string, string, string]
    replica.replid = replid
    replica.offset = Number(offset)
    const head = await replica.line()
    if (head.startsWith('$EOF:')) {
      const mark = Buffer.from(head.slice(5))
      await replica.until(() => replica.bytes.length >= 40 && replica.bytes.subarray(-40).equals(mark))
      replica.bytes = Buffer.alloc(0)
      replica.send('REPLCONF', 'ACK', replica.offset)
    } else {
      const size = Number(head.slice(1))
      await replica.until(() => replica.bytes.length >= size)
      replica.bytes = replica.bytes.subarray(size)
    }
    return replica
  }

  send(...command: Arg[]): void {
    this.socket.write(encodeCommand(command))
  }

  /** A line that is not empty. */
  async line(): Promise<string> {
    for (;;) {
      await this.until(() => this.bytes.includes(10))
      const end = this.bytes.indexOf(10)
      const line = this.bytes.toString('latin1', 0, end).replace('\r', '')
      this.bytes = this.bytes.subarray(end + 1)
      if (line !== '') return line
    }
  }

  /** The commands up to the first that begins with these words, which is left out. */
  async commandsUntil(...words: string[]): Promise<string[][]> {
    const commands: string[][] = []
    for (;;) {
      const command = await this.command()
      if (words.every((word, i) => command[i] === word)) return commands
      commands.push(command)
    }
  }

  private async command(): Promise<string[]> {
    const words: string[] = []
    let count = Number((await this.counted()).slice(1))
    while (count-- > 0) {
      const size = Number((await this.counted()).slice(1))
      await this.until(() => this.bytes.length >= size + 2)
      words.push(this.bytes.toString('latin1', 0, size))
      this.bytes = this.bytes.subarray(size + 2)
      this.offset += size + 2
    }
    return words
  }

  private async counted(): Promise<string> {
    await this.until(() => this.bytes.includes(10))
    const end = this.bytes.indexOf(10)
    this.offset += end + 1
    const line = this.bytes.toString('latin1', 0, end - 1)
    this.bytes = this.bytes.subarray(end + 1)
    return line
  }

  private async until(holds: () => boolean): Promise<void> {
    const late = setTimeout(() => this.socket.destroy(), patienceMs)
    while (!holds()) {
      if (this.socket.destroyed) throw new Error(`the master closed the link, or sent nothing in ${patienceMs} ms`)
      await new Promise<void>((resolve) => { this.wake = resolve })
    }
    clearTimeout(late)
  }
}
