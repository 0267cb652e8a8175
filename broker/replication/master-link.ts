// The link to a master: connects, greets, asks for the stream, receives the dataset if that is needed, and then feeds
// the stream to whoever applies it. A link is good for one connection; `Following` makes the next one.
// https://redis.io/docs/latest/operate/oss_and_stack/management/replication/

import net from 'node:net'
import type { Socket } from 'node:net'
import tls from 'node:tls'
import { encodeWords } from '../../core/args.ts'
import type { Broker } from '../broker.ts'
import { tlsClientOptions } from '../listeners.ts'
import { loadDataset, receivedFile } from './dataset-load.ts'
import { DatasetParser } from './dataset-parse.ts'
import { DatasetReceiver } from './dataset-receive.ts'
import { swapDataset } from './dataset-swap.ts'
import { MasterStream } from './master-stream.ts'
import { Places } from './places.ts'

/** As ROLE names them. */
export type LinkStage = 'connect' | 'connecting' | 'handshake' | 'sync' | 'connected'

export class MasterLink {
  stage: LinkStage
  /** When something came last, and since when the link is up (monotonic ms). */
  lastMs: number
  stream: MasterStream | undefined
  receiver: DatasetReceiver | DatasetParser | undefined
  /** The dataset is being loaded. */
  loading: boolean
  closed: boolean
  readonly host: string
  readonly port: number
  private readonly broker: Broker
  readonly socket: Socket
  /** As a client that CLIENT LIST shows, and since when (monotonic ms). */
  readonly id: number
  readonly sinceMs: number
  /** What was asked and is not answered yet. */
  private readonly questions: ((line: string) => void)[]
  private input: Buffer
  private readonly onEnd: (why: string) => void
  private replid: string
  private offset: number
  /** Undefined until the stream comes. */
  private places: Places | undefined
  /** The master asked how far we are when we were at this byte, and was not answered yet; else -1. */
  private owed: number

  constructor(broker: Broker, host: string, port: number, onEnd: (why: string) => void) {
    this.broker = broker
    this.host = host
    this.port = port
    this.onEnd = onEnd
    this.stage = 'connecting'
    this.id = broker.nextClientId++
    this.lastMs = this.nowMs
    this.sinceMs = this.lastMs
    this.stream = undefined
    this.receiver = undefined
    this.loading = false
    this.closed = false
    this.questions = []
    this.input = Buffer.alloc(0)
    this.replid = ''
    this.offset = 0
    this.places = undefined
    this.owed = -1
    const greet = (): void => this.greet()
    this.socket = broker.config.values.tlsReplication
      ? tls.connect({ host, port, ...tlsClientOptions(broker.config.values) }, greet)
      : net.connect({ host, port }, greet)
    this.socket.setNoDelay(true)
    this.socket.on('data', (bytes: Buffer) => this.take(bytes))
    this.socket.on('error', (error) => this.end(error.message))
    this.socket.on('close', () => this.end('closed by the master'))
  }

  /** Ends the link, once. */
  end(why: string): void {
    if (this.closed) return
    this.closed = true
    this.socket.destroy()
    this.receiver?.discard()
    this.receiver = undefined
    this.onEnd(why)
  }

  /** Ten times a second. */
  tick(): void {
    if (this.stream !== undefined && this.stream.bufferedBytes > 0) this.apply(Buffer.alloc(0))
    const { replTimeout } = this.broker.config.values
    if (this.loading || this.nowMs - this.lastMs <= replTimeout * 1000) return
    this.end('the master was not heard for repl-timeout')
  }

  /** Tells the master how far we are, as far as the log has it; while we load, only that we live. */
  acknowledge(): void {
    const { places, socket, broker } = this
    if (places === undefined) {
      if (this.loading) socket.write('\n')
      return
    }
    const { log } = broker.engine
    places.trim(log.durable)
    const words = ['REPLCONF', 'ACK', String(places.upTo(log.safe))]
    if (broker.config.values.appendonly) words.push('FACK', String(places.upTo(log.durable)))
    socket.write(encodeWords(words))
  }

  /** The log made progress: the master may wait for that. */
  released(): void {
    const { places, owed } = this
    if (owed < 0 || places === undefined || places.upTo(this.broker.engine.log.safe) < owed) return
    this.owed = -1
    this.acknowledge()
  }

  get addr(): string {
    return `${this.socket.remoteAddress ?? this.host}:${this.port}`
  }

  get nowMs(): number {
    return this.broker.engine.clock.monotonicMs()
  }

  private ask(words: readonly string[], answered: (line: string) => void): void {
    this.questions.push(answered)
    this.socket.write(encodeWords(words))
  }

  private greet(): void {
    const { values } = this.broker.config
    this.stage = 'handshake'
    this.ask(['PING'], (line) => {
      const mayGoOn = line.startsWith('+') || /^-(NOAUTH|NOPERM|ERR operation not permitted)/.test(line)
      if (!mayGoOn) return this.end(`PING was answered with ${line}`)
      if (values.masterauth === '') return this.introduce()
      const words = values.masteruser === '' ? [values.masterauth] : [values.masteruser, values.masterauth]
      this.ask(['AUTH', ...words], (reply) => {
        if (reply.startsWith('-')) this.end(`AUTH was answered with ${reply}`)
        else this.introduce()
      })
    })
  }

  private introduce(): void {
    const { values } = this.broker.config
    const ours = values.tlsReplication && values.tlsPort > 0 ? values.tlsPort : values.port
    const port = values.replicaAnnouncePort > 0 ? values.replicaAnnouncePort : ours
    // Masters refuse PSYNC while answers to what came before it wait to be sent: it is asked when all are here.
    const options = [['listening-port', String(port)], ['capa', 'eof', 'capa', 'psync2']]
    if (values.replicaAnnounceIp !== '') options.push(['ip-address', values.replicaAnnounceIp])
    let awaited = options.length
    for (const words of options) {
      this.ask(['REPLCONF', ...words], (line) => {
        if (line.startsWith('-')) {
          this.broker.report('notice', `the master does not know REPLCONF ${words[0]!}: ${line}`)
        }
        if (--awaited === 0) this.askForStream()
      })
    }
  }

  private askForStream(): void {
    const { backlog, replid, masterReplOffset } = this.broker.replication
    const place = backlog === undefined ? ['?', '-1'] : [replid, String(masterReplOffset + 1)]
    const { failover } = this.broker
    if (failover.active) place.push('FAILOVER')
    this.ask(['PSYNC', ...place], (line) => {
      this.answered(line)
      failover.answered(line.startsWith('+'))
    })
  }

  /** The answer to PSYNC. */
  private answered(line: string): void {
    const full = /^\+FULLRESYNC ([0-9a-f]{40}) (\d{1,15})$/i.exec(line)
    const { replication } = this.broker
    if (full !== null) {
      this.stage = 'sync'
      this.replid = full[1]!.toLowerCase()
      this.offset = Number(full[2])
      this.broker.report('notice', `full sync from ${this.host}:${this.port}, history ${this.replid}:${this.offset}`)
    } else if (line.startsWith('+CONTINUE')) {
      const id = line.slice('+CONTINUE '.length).trim().toLowerCase()
      if (id.length === 40 && id !== replication.replid) {
        replication.renameHistory(id)
        // Replicas of ours must learn of the new history.
        this.broker.replicas.closeAll()
      }
      this.broker.report('notice', `partial sync from ${this.host}:${this.port}: goes on behind byte `
        + replication.masterReplOffset)
      this.begin(this.broker.following.streamDb)
    } else this.end(`PSYNC was answered with ${line}`)
  }

  /** From here on the stream comes. */
  private begin(db: number): void {
    const by = Buffer.from(`#by client=0 user=master addr=${this.host}:${this.port}\r\n`)
    this.broker.replication.openBacklog(this.broker.config.values.replBacklogSize)
    this.stage = 'connected'
    this.places = new Places(this.broker.engine.log.appended, this.broker.replication.masterReplOffset)
    this.stream = new MasterStream(this.broker, db, by)
    this.broker.following.connected()
    this.acknowledge()
  }

  private take(bytes: Buffer): void {
    this.lastMs = this.nowMs
    this.broker.stats.replicationIn += bytes.length
    try {
      if (this.stage === 'connected') this.apply(bytes)
      else if (this.receiver !== undefined && !this.loading) this.receive(bytes)
      else this.readLines(bytes)
    } catch (error) {
      this.end((error as Error).message)
    }
  }

  private apply(bytes: Buffer): void {
    const stream = this.stream!
    try {
      stream.take(bytes)
    } catch (error) {
      return this.end((error as Error).message)
    }
    this.broker.following.streamDb = stream.db
    if (stream.held && stream.bufferedBytes > 0) this.socket.pause()
    else this.socket.resume()
    const { masterReplOffset } = this.broker.replication
    this.places!.add(this.broker.engine.log.appended, masterReplOffset)
    if (!stream.asked) return
    stream.asked = false
    this.owed = masterReplOffset
    this.released()
  }

  private readLines(bytes: Buffer): void {
    this.input = Buffer.concat([this.input, bytes])
    while (!this.closed && !this.loading) {
      const end = this.input.indexOf(10)
      if (end < 0) return
      const line = this.input.toString('latin1', 0, end).replace(/\r$/, '')
      this.input = this.input.subarray(end + 1)
      // The master shows with empty lines that it lives.
      if (line === '') continue
      if (this.stage === 'sync') {
        if (line.startsWith('-')) return this.end(`the master could not send its dataset: ${line}`)
        this.receiver = this.receiverOf(line)
        return this.receive(this.rest())
      }
      this.questions.shift()?.(line)
      if (this.stage === 'connected') return this.apply(this.rest())
    }
  }

  private rest(): Buffer {
    const rest = this.input
    this.input = Buffer.alloc(0)
    return rest
  }

  /** `repl-diskless-load`: where the dataset goes that `line` begins. */
  private receiverOf(line: string): DatasetReceiver | DatasetParser {
    const { broker } = this
    const { replDisklessLoad } = broker.config.values
    const isEmpty = (): boolean => broker.engine.dbs.every((db) => db.count === 0)
    if (replDisklessLoad === 'disabled' || (replDisklessLoad === 'on-empty-db' && !isEmpty())) {
      return new DatasetReceiver(broker.disk, receivedFile(broker), line)
    }
    // What we have is old, not foreign, where it is of the history that the dataset is of.
    const { backlog, replid } = broker.replication
    const serves = replDisklessLoad === 'swapdb' && backlog !== undefined && replid === this.replid
    const parser: DatasetParser = new DatasetParser(broker, line, serves, {
      hungry: () => this.socket.resume(),
      whole: (rest) => this.install(() => swapDataset(broker, parser, () => this.leaveHistory()), rest),
      failed: (error) => this.end(`its dataset can't be loaded: ${error.message}`),
    })
    return parser
  }

  private receive(bytes: Buffer): void {
    const receiver = this.receiver!
    if (receiver instanceof DatasetParser) {
      this.socket.pause()
      receiver.take(bytes)
      return
    }
    const rest = receiver.take(bytes)
    if (rest === undefined) return
    receiver.close()
    this.leaveHistory()
    this.install(() => loadDataset(this.broker, receiver.file), rest)
  }

  /** Until the new state is whole we belong to no history: a link that ends meanwhile asks for everything anew. */
  private leaveHistory(): void {
    this.broker.replicas.closeAll()
    this.broker.replication.closeBacklog()
  }

  private install(load: () => Promise<number>, rest: Buffer): void {
    const { broker, replid, offset } = this
    const receiver = this.receiver!
    this.loading = true
    this.socket.pause()
    broker.following.install(load).then((db) => {
      this.loading = false
      receiver.discard()
      broker.replication.adopt(replid, offset)
      broker.replication.openBacklog(broker.config.values.replBacklogSize)
      broker.following.streamDb = db
      this.receiver = undefined
      if (this.closed) return
      this.lastMs = this.nowMs
      this.begin(db)
      this.socket.resume()
      this.apply(rest)
    }, (error: unknown) => {
      this.loading = false
      receiver.discard()
      this.end(`its dataset can't be loaded: ${(error as Error).message}`)
    })
  }
}
