// A broker with the bridge within the test's own process, and waiting for what comes over it.
import type { ExecutionContext } from 'ava'
import { createBroker, type Broker } from '../../../broker/broker.ts'
import { createConfig } from '../../../broker/config/config.ts'
import { bridgeExtension } from '../../../consumers/bridge/extension.ts'
import { freePort, temporaryDirectory } from '../../process.ts'
import { RespClient, type Arg } from '../../resp-client.ts'
import { decode, show, type RespValue } from '../../resp-value.ts'

export type Bridged = {
  broker: Broker
  port: number
  dir: string
  client: RespClient
  /** What the operator would have read. */
  reports: string[]
  stop: () => Promise<void>
  /** The reply to a command, on one line. */
  ask: (...words: Arg[]) => Promise<string>
  /** A map that a command answers. */
  map: (...words: Arg[]) => Promise<Record<string, string>>
  /** The entries of a stream: id, then fields as text. */
  entries: (key: string) => Promise<string[][]>
}

/** Starts a broker whose bridges go to the NATS server of that address. */
export async function startBridged(
  t: ExecutionContext, url: string, args: readonly string[] = [], dir = temporaryDirectory(t),
): Promise<Bridged> {
  const port = await freePort()
  const config = createConfig([
    '--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--bridge-nats-url', url, '--save', '', ...args,
  ])
  const reports: string[] = []
  const broker = createBroker({ config, extensions: [bridgeExtension], report: (level, text) => reports.push(`${level} ${text}`) })
  await broker.start()
  const client = await RespClient.connect(port)
  const stop = (): Promise<void> => {
    client.destroy()
    return broker.stop()
  }
  t.teardown(stop)
  const ask = async (...words: Arg[]): Promise<string> => show(decode(await client.call(...words)))
  const map = async (...words: Arg[]): Promise<Record<string, string>> => {
    const flat = decode(await client.call(...words)).value as RespValue[]
    if (!Array.isArray(flat)) throw new Error(String(flat))
    return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!.value, flat[2 * i + 1]!.value]))
  }
  const entries = async (key: string): Promise<string[][]> => {
    const list = decode(await client.call('XRANGE', key, '-', '+')).value as RespValue[]
    return list.map((one) => {
      const [id, fields] = one.value as RespValue[]
      return [id!.value as string, ...(fields!.value as RespValue[]).map((field) => field.value as string)]
    })
  }
  return { broker, port, dir, client, reports, stop, ask, map, entries }
}
